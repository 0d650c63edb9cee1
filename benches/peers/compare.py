"""demarche's encoder beside other runtimes: same weights, same texts, same threads, rounds interleaved.

Run through `benches/peers/run`. Each configuration is a process of its own that waits while another works. A round has
every configuration encode all texts once, one after the other, and the ratio of two is taken within each round, so
that a machine that slows down slows both.
"""

import argparse
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

try:
    import numpy as np
except ImportError:
    sys.exit(f"peers: expected the package numpy for {sys.executable}; see benches/peers/requirements.txt")

import report
from child import Child, Failed

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
WORK = ROOT / "target" / "peers"
# Packages that make the files a peer reads, and those that run it.
EXPORT = ["torch", "transformers", "safetensors"]
NEEDS = {
    "onnxruntime": [*EXPORT, "onnx", "onnxruntime"],
    "openvino": [*EXPORT, "onnx", "openvino"],
    "pytorch": EXPORT,
}
PEERS = {
    "onnxruntime": ["f32", "int8", "int8-static"],
    "openvino": ["f32", "bf16", "int8"],
    "pytorch": ["f32", "bf16"],
}
ISAS = ["avx2", "avxvnni", "avx512", "amx"]
# What f32 differs by among f32 runtimes is rounding; what lower precisions differ by is not compared with a bound.
F32_BOUND = 1e-3


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benches/peers/run", description=__doc__.split("\n\n")[0])
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "demarche-en-l6", help="model folder")
    parser.add_argument("--corpus", type=Path, default=ROOT / "data" / "corpus" / "test", help="texts to take")
    parser.add_argument("--threads", default="1,2", help="numbers of threads (1,2)")
    parser.add_argument("--rounds", type=int, default=10, help="rounds for each kind of texts (10)")
    parser.add_argument("--sentences", type=int, default=1024, help="sentences of a round (1024)")
    parser.add_argument("--articles", type=int, default=24, help="whole articles of a round (24)")
    parser.add_argument("--batches", default="8,32", help="sizes of padded batches, of which each peer takes the best")
    parser.add_argument("--only", default="", help="words such as demarche,bf16: leave out what names none of them")
    parser.add_argument("--pause", type=float, default=0.1, help="seconds of rest before each measurement (0.1)")
    parser.add_argument("--quick", action="store_true", help="3 rounds of few texts: to see that all works")
    parser.add_argument("--json", action="store_true", help="print JSON, with every round")
    args = parser.parse_args()
    if args.quick:
        args.rounds, args.sentences, args.articles, args.batches = 3, 64, 4, "32"
    return args


def build() -> Path:
    """Builds the Rust side; gives its executable."""
    command = ["cargo", "bench", "--bench", "peers", "--no-run", "--message-format", "json-render-diagnostics"]
    if shutil.which("cargo") is None:
        sys.exit("peers: expected cargo on the path")
    built = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if built.returncode != 0:
        sys.exit("peers: the Rust side could not be built")
    messages = map(json.loads, built.stdout.splitlines())
    return Path(next(m["executable"] for m in messages if m.get("target", {}).get("name") == "peers"))


def export(model: Path, texts: Path) -> tuple[Path, dict[str, str]]:
    """Exports the weights unless that was done before; gives the folder, and what could not be made."""
    digest = hashlib.sha256()
    for file in [model / "model.safetensors", model / "config.json", HERE / "export.py", texts]:
        digest.update(file.read_bytes())
    digest.update(json.dumps(report.versions()).encode())
    folder = WORK / f"exported-{digest.hexdigest()[:12]}"
    done = folder / "done.json"
    if not done.exists():
        for old in WORK.glob("exported-*"):
            shutil.rmtree(old)
        folder.mkdir(parents=True)
        print("peers: exporting the weights …", file=sys.stderr)
        command = [sys.executable, HERE / "export.py", model, texts, folder]
        made = subprocess.run(command, capture_output=True, text=True)
        if made.returncode != 0:
            shutil.rmtree(folder)
            sys.exit(f"peers: the weights could not be exported\n{made.stderr}")
        done.write_text(made.stdout.splitlines()[-1])
    return folder, json.loads(done.read_text())["failed"]


def configurations(rust: Path, isas: list[str], args: argparse.Namespace, missing: dict[str, list[str]]) -> dict:
    """Commands and settings by name, demarche and candle first."""
    shared = ["--model", args.model, "--texts", WORK / "texts.json", "--batches", args.batches]
    found = {
        f"demarche {isa}": ([rust, "serve", "--encoder", "packed", *shared], {"DEMARCHE_ISA": isa})
        for isa in ISAS
        if isa in isas
    }
    found["candle f32"] = ([rust, "serve", "--encoder", "candle", *shared], {})
    for engine, precisions in PEERS.items():
        if engine not in missing:
            for precision in precisions:
                command = [sys.executable, HERE / "peer.py", engine, precision, *shared]
                found[f"{engine} {precision}"] = (command, {})
    words = [word for word in args.only.split(",") if word]
    # candle is what the others' states are compared with.
    wanted = {n: c for n, c in found.items() if not words or n == "candle f32" or any(w in n for w in words)}
    return wanted


def start(name: str, command: list, settings: dict[str, str], threads: int) -> Child:
    """Starts one configuration and waits until it is warm."""
    states = WORK / "states" / name.replace(" ", "-")
    shutil.rmtree(states, ignore_errors=True)
    states.mkdir(parents=True)
    names = ["RAYON_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"]
    environment = os.environ | dict.fromkeys(names, str(threads)) | settings
    return Child([*command, "--threads", str(threads), "--states", states], environment, states)


def differences(children: dict[str, Child], texts: str, width: int) -> dict[str, tuple[float, float]]:
    """How far the hidden states are from those of candle, by configuration: largest difference, and root mean square
    difference over the states' own."""
    read = {name: np.fromfile(child.states / f"{texts}.f32", dtype="<f4") for name, child in children.items()}
    base = read["candle f32"]
    found = {}
    for name, states in read.items():
        if states.size != base.size or states.size % width:
            raise SystemExit(f"peers: {name} gave {states.size} numbers for {texts}, candle {base.size}")
        found[name] = (float(np.abs(states - base).max()), float(np.linalg.norm(states - base) / np.linalg.norm(base)))
        if name.endswith("f32") and found[name][0] > F32_BOUND:
            raise SystemExit(f"peers: the states of {name} differ by {found[name][0]:.2g} from those of candle")
    own = [states for name, states in read.items() if name.startswith("demarche")]
    if any(states.tobytes() != own[0].tobytes() for states in own):
        raise SystemExit("peers: demarche's states differ among instruction sets")
    return found


def measure(children: dict[str, Child], texts: str, tokens: int, args: argparse.Namespace) -> dict[str, list[dict]]:
    """Interleaved rounds: tokens a second and busy processors, by configuration."""
    rounds: dict[str, list[dict]] = {name: [] for name in children}
    for _ in range(args.rounds):
        for name, child in children.items():
            time.sleep(args.pause)
            seconds, busy = child.round(texts)
            rounds[name].append({"tokens_per_second": tokens / seconds, "processors": busy})
    return rounds


def main() -> None:
    args = arguments()
    head = report.header(args.rounds)
    rust = build()
    WORK.mkdir(parents=True, exist_ok=True)
    dump = [rust, "dump", "--model", args.model, "--corpus", args.corpus, "--output", WORK / "texts.json"]
    dump += ["--sentences", str(args.sentences), "--articles", str(args.articles)]
    facts = json.loads(subprocess.run(dump, check=True, stdout=subprocess.PIPE, text=True).stdout)
    texts = json.loads((WORK / "texts.json").read_text())
    absent = {engine: [p for p in needs if importlib.util.find_spec(p) is None] for engine, needs in NEEDS.items()}
    missing = {engine: packages for engine, packages in absent.items() if packages}
    left_out = {engine: f"not installed: {', '.join(packages)}" for engine, packages in missing.items()}
    plans = configurations(rust, facts["isas"], args, missing)
    exported, failed = WORK, {}
    if len(missing) < len(NEEDS):
        exported, failed = export(args.model, WORK / "texts.json")
    left_out |= {f"the file {name}": reason for name, reason in failed.items()}
    tables = []
    for threads in map(int, args.threads.split(",")):
        children: dict[str, Child] = {}
        for name, (command, settings) in plans.items():
            if str(command[1]).endswith(".py"):
                command = [*command, "--exported", exported]
            print(f"peers: {threads} threads, warming up {name} …", file=sys.stderr)
            try:
                children[name] = start(name, command, settings, threads)
            except Failed as error:
                left_out[name] = str(error)
        for kind, sequences in texts.items():
            tokens = sum(map(len, sequences))
            apart = differences(children, kind, facts["config"]["hidden_size"])
            print(f"peers: {threads} threads, measuring {kind} …", file=sys.stderr)
            rounds = measure(children, kind, tokens, args)
            tables.append(report.table(kind, threads, sequences, rounds, apart, children, facts["config"]))
        for child in children.values():
            child.stop()
    report.write(head, tables, left_out, args.json)


if __name__ == "__main__":
    main()
