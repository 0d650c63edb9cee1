"""A process that encodes on demand."""

import json
import os
import subprocess
import time
from pathlib import Path


class Failed(Exception):
    """A configuration that could not be started; the message is the last that it said."""


class Child:
    """One configuration, warm and waiting for rounds."""

    def __init__(self, command: list, environment: dict[str, str], states: Path):
        self.states = states
        self.errors = (states / "errors.txt").open("w+")
        self.process = subprocess.Popen(
            list(map(str, command)), env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.errors, text=True,
        )  # fmt: skip
        ready = self.answer()
        self.ways: dict[str, str] = ready["ready"]
        wanted = environment.get("DEMARCHE_ISA")
        if ready["isa"] not in (None, wanted):
            self.stop()
            raise Failed(f"asked for {wanted}, got {ready['isa']}")

    def answer(self) -> dict:
        """The next line of JSON; whatever else a package prints is passed over."""
        while line := self.process.stdout.readline():
            if line.startswith("{"):
                return json.loads(line)
        self.process.wait()
        self.errors.seek(0)
        said = self.errors.read().strip().splitlines()
        raise Failed(said[-1] if said else f"ended with status {self.process.returncode}")

    def round(self, texts: str) -> tuple[float, float | None]:
        """Has the texts encoded; gives the seconds, and how many processors were busy meanwhile if the system tells."""
        before, start = self.processor_time(), time.perf_counter()
        self.process.stdin.write(f"{texts}\n")
        self.process.stdin.flush()
        seconds = self.answer()["seconds"]
        after, elapsed = self.processor_time(), time.perf_counter() - start
        return seconds, None if before is None or after is None else (after - before) / elapsed

    def processor_time(self) -> float | None:
        """Seconds of processor time of all threads so far."""
        try:
            stat = Path(f"/proc/{self.process.pid}/stat").read_text()
        except OSError:
            return None
        user, system = stat.rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """Ends the process by ending its input."""
        self.process.stdin.close()
        self.process.wait()
        self.errors.close()
