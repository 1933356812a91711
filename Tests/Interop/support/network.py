"""A network namespace with one cable to ours, whose packets can be made to vanish without a word."""

import itertools
import os
import subprocess
from dataclasses import dataclass

import pytest

BLACK_HOLE = "02:00:00:00:00:01"
"""A hardware address that nobody has: what is sent there is lost, and no error tells of it."""
COUNT = itertools.count()


def ip(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run(["ip", *words], capture_output=True, text=True)


@dataclass
class Island:
    """`with Island.made() as island:`; the processes of `island.command([...])` live there."""

    name: str
    ours: str
    theirs: str
    cable: str

    @staticmethod
    def made() -> "Island":
        # From the range that is set aside for tests of networks (RFC 2544); each gets a network of two.
        number = (os.getpid() * 8 + next(COUNT)) % 16384
        third, fourth = number // 64, number % 64 * 4
        return Island(f"trunkline{number}", f"198.18.{third}.{fourth + 1}", f"198.18.{third}.{fourth + 2}", f"tl{number}")

    def __enter__(self) -> "Island":
        made = ip("netns", "add", self.name)
        if made.returncode:
            pytest.skip(f"no network namespaces here: {made.stderr.strip()}")
        steps = [("link", "add", self.cable, "type", "veth", "peer", "name", "island", "netns", self.name),
                 ("addr", "add", f"{self.ours}/30", "dev", self.cable), ("link", "set", self.cable, "up"),
                 ("-n", self.name, "addr", "add", f"{self.theirs}/30", "dev", "island"),
                 ("-n", self.name, "link", "set", "island", "up"), ("-n", self.name, "link", "set", "lo", "up")]
        for step in steps:
            done = ip(*step)
            if done.returncode:
                self.__exit__()
                pytest.skip(f"no cable to a network namespace here: {done.stderr.strip()}")
        return self

    def __exit__(self, *_) -> None:
        ip("netns", "del", self.name)

    def command(self, words: list[str]) -> list[str]:
        return ["ip", "netns", "exec", self.name, *words]

    def cut(self) -> None:
        """From now on packets of either side are lost."""
        for step in [("neigh", "replace", self.theirs, "lladdr", BLACK_HOLE, "dev", self.cable, "nud", "permanent"),
                     ("-n", self.name, "neigh", "replace", self.ours, "lladdr", BLACK_HOLE, "dev", "island", "nud",
                      "permanent")]:
            done = ip(*step)
            assert done.returncode == 0, done.stderr

    def mend(self) -> None:
        """Packets arrive again."""
        for step in [("neigh", "del", self.theirs, "dev", self.cable),
                     ("-n", self.name, "neigh", "del", self.ours, "dev", "island")]:
            done = ip(*step)
            assert done.returncode == 0, done.stderr

    def forget_connections(self) -> None:
        """Those who live there lose all their connections, as in a change of networks; the other ends learn nothing of it
        while the cable is cut."""
        done = ip("netns", "exec", self.name, "ss", "-K", "state", "established")
        assert done.returncode == 0, done.stderr
