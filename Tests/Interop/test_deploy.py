"""deploy/: the Kubernetes manifest and the container image, as far as they can be tried without a cluster or an engine."""

import os
import re
import shlex
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
import yaml

from support import guest, machine
from support.machine import FULL, ROOT
from support.proxy import BINARY


def manifest() -> list[dict]:
    return list(yaml.safe_load_all((ROOT / "deploy/kubernetes.yaml").read_text()))


def one(kind: str, name: str = "trunkline") -> dict:
    return next(each for each in manifest() if each["kind"] == kind and each["metadata"]["name"] == name)


def pod() -> dict:
    return one("Deployment")["spec"]["template"]["spec"]


def proxy_conf() -> str:
    return one("ConfigMap")["data"]["proxy.conf"]


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def test_the_manifest_is_what_the_schemas_of_kubernetes_want():
    validator = pytest.importorskip("kubernetes_validate")
    for document in manifest():
        validator.validate(document, "1.30", strict=True)


def test_the_parts_of_the_manifest_agree():
    config, container = yaml.safe_load(proxy_conf()), pod()["containers"][0]
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    assert config["listeners"][0]["address"].endswith(f":{ports['wss']}") and config["admin"]["address"].endswith(f":{ports['admin']}")
    for probe, path in (("readinessProbe", "/readyz"), ("startupProbe", "/readyz"), ("livenessProbe", "/healthz")):
        assert container[probe]["httpGet"] == {"path": path, "port": "admin"}
    stop = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    assert stop + seconds(config["timeouts"]["drain"]) < pod()["terminationGracePeriodSeconds"]
    name = config["upstreams"]["chat"]["backends"][0]["address"].split(":")[1]
    assert one("Service", name)["spec"]["clusterIP"] == "None"
    labels = one("Deployment")["spec"]["template"]["metadata"]["labels"]
    for each in (one("PodDisruptionBudget")["spec"]["selector"], one("NetworkPolicy")["spec"]["podSelector"],
                 one("Deployment")["spec"]["selector"], *(s["labelSelector"] for s in pod()["topologySpreadConstraints"])):
        assert each["matchLabels"] == labels
    # The budget can be kept: one pod may always go.
    scaler = one("HorizontalPodAutoscaler")["spec"]
    assert one("PodDisruptionBudget")["spec"]["minAvailable"] < scaler["minReplicas"] and "replicas" not in one("Deployment")["spec"]
    allowed = {port["port"] for rule in one("NetworkPolicy")["spec"]["ingress"] for port in rule["ports"]}
    assert allowed == {"wss", "admin"} and "subPath" not in str(pod())
    annotations = one("Deployment")["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == str(ports["admin"])


def test_the_configuration_is_taken_with_the_files_that_the_pod_mounts(authority, tmp_path):
    (tmp_path / "proxy.conf").write_text(proxy_conf())
    for source in pod()["volumes"][0]["projected"]["sources"]:
        for item in source.get("secret", {}).get("items", []):
            file = tmp_path / item["path"]
            file.parent.mkdir(exist_ok=True)
            names = authority.certificate().names
            text = {"tls.crt": names["certificate"], "tls.key": names["key"]}.get(item["key"])
            file.write_text(Path(text).read_text() if text else "0123456789abcdef0123456789abcdef\n")
    for config in (tmp_path / "proxy.conf", ROOT / "deploy/container.proxy.conf"):
        done = subprocess.run([str(BINARY), "check", "--config", str(config)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


# MARK: the image

def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"^#.*\n", "", (ROOT / "deploy/Dockerfile").read_text(), flags=re.M)
    return [tuple(line.split(None, 1)) for line in re.sub(r"\\\n\s*", "", text).splitlines() if line.strip()]


def last_stage() -> list[tuple[str, str]]:
    begin = max(index for index, (word, _) in enumerate(instructions()) if word == "FROM")
    return instructions()[begin:]


def words(text: str) -> list[str]:
    return yaml.safe_load(text) if text.startswith("[") else ["sh", "-c", text]


def test_the_image_is_slim_and_not_roots():
    known = {"FROM", "RUN", "COPY", "WORKDIR", "USER", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
    assert {word for word, _ in instructions()} <= known
    stage = dict(last_stage())
    assert stage["FROM"].endswith("-slim") and stage["USER"] not in ("root", "0") and stage["STOPSIGNAL"] == "SIGTERM"
    assert pod()["securityContext"]["runAsUser"] == int(stage["USER"])
    packages = (ROOT / "deploy/packages.sh").read_text()
    wanted = re.search(r'build_packages="([^"]*)"', packages)[1].split()
    assert set(wanted) <= set(instructions()[1][1].split())
    for word, rest in instructions():
        if word == "COPY" and "--from" not in rest:
            assert all((ROOT / source).exists() for source in rest.split()[:-1])


@pytest.mark.alone
@pytest.mark.skipif(not FULL or os.geteuid() != 0 or not shutil.which("debootstrap"),
                    reason="makes a file tree of Debian: TRUNKLINE_FULL, root and debootstrap")
def test_the_last_stage_is_built_and_runs_in_a_root_of_its_own(tmp_path):
    """The first stage wants an image with Swift, which can't be had here: its product is the static build."""
    built = subprocess.run(["bash", "-c", ". deploy/packages.sh && build_program"], cwd=ROOT, capture_output=True, text=True, timeout=1500)
    assert built.returncode == 0, built.stderr
    root = tmp_path / "image"
    subprocess.run(["cp", "-a", str(guest.tree()), str(root)], check=True)
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    # As slim as the base is: what the program needs must come by the steps.
    bare = "apt-get purge -y --auto-remove systemd dbus libssl3 libnghttp2-14 libyaml-0-2"
    subprocess.run(["chroot", str(root), "sh", "-c", bare], check=True, capture_output=True, timeout=300)
    assert not list((root / "usr/lib").glob("*/libnghttp2*"))
    user, entry, command, health = "0", [], [], []
    for word, rest in last_stage():
        if word == "RUN":
            subprocess.run(["chroot", str(root), "sh", "-c", rest], check=True, capture_output=True, timeout=300)
        elif word == "COPY":
            *sources, target = [each for each in rest.split() if not each.startswith("--")]
            source = built.stdout.splitlines()[-1] if "--from" in rest else str(ROOT / sources[0])
            subprocess.run(["install", "-D", source, str(root / target.lstrip("/"))], check=True)
        elif word == "USER":
            user = rest
        elif word == "ENTRYPOINT":
            entry = words(rest)
        elif word == "CMD":
            command = words(rest)
        elif word == "HEALTHCHECK":
            health = words(rest[rest.index("CMD") + 4:])
    inside = ["chroot", f"--userspec={user}:{user}", str(root)]
    process = subprocess.Popen(["unshare", "--net", "--", "sh", "-c", f"ip link set lo up; exec {shlex.join(inside + entry + command)}"])
    try:
        check = ["nsenter", "-t", str(process.pid), "--net", "--", *inside, *health]
        machine.eventually(lambda: subprocess.run(check, capture_output=True).returncode == 0, "the health check passes", 15, 0.3)
        assert Path(f"/proc/{process.pid}/status").read_text().split("Uid:")[1].split()[0] == user
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert subprocess.run(["chroot", str(root), *health], capture_output=True).returncode != 0
    finally:
        process.kill()
    shutil.rmtree(root, ignore_errors=True)


@pytest.mark.alone
@pytest.mark.skipif(not FULL or os.geteuid() != 0 or not shutil.which("debootstrap"),
                    reason="makes a file tree of Debian: TRUNKLINE_FULL, root and debootstrap")
def test_the_script_installs_and_does_so_again(tmp_path):
    root = tmp_path / "machine"
    subprocess.run(["cp", "-a", str(guest.tree()), str(root)], check=True)
    try:
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
        shutil.copytree(ROOT / "deploy", root / "src/deploy", symlinks=True, ignore=shutil.ignore_patterns("node_modules", ".build"))
        shutil.copy(ROOT / "proxy.conf.example", root / "src")
        shutil.copy(BINARY, root / "src/trunkline")
        guest.take_libraries(root, BINARY)
        for _ in range(2):
            done = subprocess.run(["chroot", str(root), "/src/deploy/install", "--quick", "--binary", "/src/trunkline"],
                                  capture_output=True, text=True, timeout=900)
            assert done.returncode == 0 and "installed: trunkline" in done.stdout, done.stdout + done.stderr
            status = subprocess.run(["chroot", str(root), "dpkg", "--status", "trunkline"], capture_output=True, text=True).stdout
            assert "Status: install ok installed" in status
        check = ["chroot", str(root), "trunkline", "check", "--config", "/etc/trunkline/proxy.conf"]
        assert subprocess.run(check).returncode == 0
    finally:
        shutil.rmtree(root, ignore_errors=True)
