"""What was measured, as a table or as JSON."""

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from statistics import median

PACKAGES = ["onnxruntime", "openvino", "torch", "transformers", "onnx", "numpy"]
FLAGS = ["avx2", "avx_vnni", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8", "asimddp", "i8mm"]
NOT_HERE = "text-embeddings-inference is not measured: no package registry offers its server"


def versions() -> dict[str, str]:
    """Versions of the packages that are installed."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def said(*command: str) -> str:
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return ran.stdout.strip()


def processor() -> dict:
    """Name, number and relevant features."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    flags = facts.get("flags", facts.get("Features", "")).split()
    return {
        "name": facts.get("model name", platform.processor() or platform.machine()),
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "features": [flag for flag in FLAGS if flag in flags],
    }


def header(rounds: int) -> dict:
    """Machine, versions and load before the measurement."""
    return {
        "processor": processor(),
        "system": f"{platform.system()} {platform.release()}",
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "rust": said("rustc", "--version").removeprefix("rustc ").split(" ")[0],
        "demarche": said("git", "describe", "--always", "--dirty"),
        "candle": candle(),
        "packages": versions(),
        "rounds": rounds,
    }


def candle() -> str:
    lock = (Path(__file__).parent.parent.parent / "Cargo.lock").read_text()
    return lock.split('name = "candle-transformers"\nversion = "')[1].split('"')[0]


def operations(config: dict) -> float:
    """Multiplications and additions of the linear layers for one token."""
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    return 2 * config["num_hidden_layers"] * (4 * hidden * hidden + 2 * hidden * inner)


def table(kind, threads, sequences, rounds, apart, children, config) -> dict:
    """One kind of texts with one number of threads."""
    speeds = {name: [r["tokens_per_second"] for r in own] for name, own in rounds.items()}
    own = [name for name in speeds if name.startswith("demarche")]
    best = max(own or speeds, key=lambda name: median(speeds[name]))
    rows = []
    for name, own in speeds.items():
        # Within a round, so that what slows the machine slows both.
        ratios = [a / b for a, b in zip(speeds[best], own, strict=True)]
        busy = [r["processors"] for r in rounds[name] if r["processors"] is not None]
        rows.append({
            "name": name, "tokens_per_second": median(own), "least": min(own), "most": max(own),
            "gops": median(own) * operations(config) / 1e9, "ratio": median(ratios), "ratio_least": min(ratios),
            "ratio_most": max(ratios), "processors": median(busy) if busy else None, "way": children[name].ways[kind],
            "largest_difference": apart[name][0], "relative_difference": apart[name][1], "rounds": own,
        })  # fmt: skip
    counts = {"sequences": len(sequences), "tokens": sum(map(len, sequences))}
    return {"texts": kind, "threads": threads, **counts, "best": best, "rows": rows}


def write(head: dict, tables: list[dict], left_out: dict[str, str], as_json: bool) -> None:
    """Prints everything."""
    if as_json:
        json.dump({**head, "tables": tables, "left_out": left_out, "note": NOT_HERE}, sys.stdout, indent=1)
        print()
        return
    cpu, packages = head["processor"], " ".join(f"{name} {version}," for name, version in head["packages"].items())
    print(f"{cpu['name']}, {cpu['processors']} processors, {' '.join(cpu['features'])}; {head['system']}")
    print(f"demarche {head['demarche']}, candle-transformers {head['candle']}, rustc {head['rust']},")
    print(f"{packages} Python {head['python']}")
    print(f"{head['rounds']} interleaved rounds; load average before them {head['load']:.1f}")
    for part in tables:
        threads = "one thread" if part["threads"] == 1 else f"{part['threads']} threads"
        print(f"\n{part['texts']}, {threads}: {part['sequences']} sequences, {part['tokens']} tokens; ", end="")
        print(f"× is {part['best']} over the row's\n")
        print(f"{'':23} tokens/s   least    most  GOP/s      × (least-most)  busy  differ: most    rms  batches")
        for row in part["rows"]:
            busy = "" if row["processors"] is None else f"{row['processors']:.1f}"
            print(
                f"{row['name']:23} {row['tokens_per_second']:8.0f} {row['least']:7.0f} {row['most']:7.0f} "
                f"{row['gops']:6.0f} {row['ratio']:6.2f} ({row['ratio_least']:5.2f}-{row['ratio_most']:5.2f}) "
                f"{busy:>5}  "
                f"{row['largest_difference']:12.2g} {100 * row['relative_difference']:5.1f}%  {row['way']}"
            )
    print("\nHidden states differ from candle's in f32: at most, and in the root mean square as a share of the states.")
    print(f"{NOT_HERE}.")
    for name, reason in left_out.items():
        print(f"left out: {name}: {reason[:200]}")
