"""A real browser on the demo page."""

import asyncio
import base64
import json
import shutil
import subprocess

import pytest
from support import machine, proxy
from websockets.asyncio.client import connect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


class Page:
    """A page of headless Chromium, driven by the DevTools protocol."""

    def __init__(self, ws):
        self.ws, self.number = ws, 0

    async def call(self, method: str, **parameters):
        self.number += 1
        await self.ws.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(await asyncio.wait_for(self.ws.recv(), 20))
            if answer.get("id") == self.number:
                return answer.get("result", {})

    async def value(self, expression: str):
        result = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return result.get("result", {}).get("value")

    async def until(self, expression: str, seconds: float = 20):
        for _ in range(int(seconds / 0.1)):
            if await self.value(expression):
                return
            await asyncio.sleep(0.1)
        text = await self.value("document.body ? document.body.innerText : ''")
        raise AssertionError(f"never true: {expression}\n{text}")


async def visit(debugging: str, url: str):
    async with connect(debugging, max_size=None, proxy=None) as ws:
        page = Page(ws)
        await page.call("Page.enable")
        await page.call("Emulation.setDeviceMetricsOverride", width=1200, height=900, deviceScaleFactor=1, mobile=False)
        await page.call("Page.navigate", url=url)
        for name in ("chat", "ticker", "echo"):
            await page.until(f"document.getElementById('{name}-state')?.textContent === 'open'")
            negotiated = await page.value(f"document.getElementById('negotiated-{name}').textContent")
            assert negotiated.startswith("permessage-deflate"), f"{name}: {negotiated}"
        await page.until("document.getElementById('chat-who').textContent.length > 1")
        await page.value("document.getElementById('chat-input').value = 'hello from a browser';"
                         "document.getElementById('chat-send').click()")
        await page.until("document.getElementById('chat-log').textContent.includes(': hello from a browser')")
        await page.value("document.getElementById('echo-input').value = 'there and back';"
                         "document.getElementById('echo-send').click()")
        await page.until("document.getElementById('echo-log').textContent.includes('there and back (')")
        await page.until("Number(document.getElementById('ticker-count').textContent) > 4")
        assert await page.value("document.querySelectorAll('#ticker-rows tr').length") == 6
        shot = await page.call("Page.captureScreenshot", format="png")
        (machine.artefacts() / "demo.png").write_bytes(base64.b64decode(shot["data"]))


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")
def test_a_browser_chats_and_gets_ticks(tmp_path):
    port = machine.free_port()
    demo = subprocess.Popen([str(proxy.BINARY), "demo", "--port", str(port)], stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    browser = None
    try:
        machine.eventually(lambda: machine.is_listening(port), "the demo listens")
        browser = subprocess.Popen(
            [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--ignore-certificate-errors", "--remote-debugging-port=0", f"--user-data-dir={tmp_path}/profile", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        debugging = next(line.split("listening on ")[1].strip() for line in browser.stderr if "DevTools listening" in line)
        host = debugging.split("/")[2]
        import urllib.request
        targets = json.load(urllib.request.urlopen(f"http://{host}/json", timeout=10))
        target = next(entry["webSocketDebuggerUrl"] for entry in targets if entry["type"] == "page")
        asyncio.run(visit(target, f"https://localhost:{port}/"))
    finally:
        if browser:
            browser.kill()
            browser.wait()
        assert machine.end(demo, 10) == 0
