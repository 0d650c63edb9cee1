"""One Python peer in a process of its own, under the protocol of `peers serve` (benches/peers/main.rs).

    peer.py ENGINE PRECISION --threads N --batches 8,32 --model MODEL --texts FILE --exported FOLDER --states FOLDER

A line of JSON says that all is warm and how each kind of texts will be encoded; after that, each line of standard input
names the texts of a round, and is answered with its seconds.
"""

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

warnings.filterwarnings("ignore")

# Ids and mask of each batch.
Batches = list[tuple[np.ndarray, np.ndarray]]
# Encodes one batch.
Forward = Callable[[np.ndarray, np.ndarray], np.ndarray]
# Encodes batches; gives the hidden states of each if they are wanted.
Run = Callable[[Batches, bool], list[np.ndarray]]


def in_turn(forward: Forward) -> Run:
    """All threads for one batch, one batch after the other."""
    return lambda batches, _: [forward(*batch) for batch in batches]


def side_by_side(forward: Forward, threads: int) -> Run:
    """One thread for a batch, as many batches at once as there are threads."""
    pool = ThreadPoolExecutor(threads)
    return lambda batches, _: list(pool.map(lambda batch: forward(*batch), batches))


def onnxruntime(args: argparse.Namespace) -> dict[str, Run]:
    import onnxruntime as ort

    file = {"f32": "fused.onnx", "int8": "int8-dynamic.onnx", "int8-static": "int8-static.onnx"}[args.precision]

    def forward(threads: int) -> Forward:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        session = ort.InferenceSession(args.exported / file, options, providers=["CPUExecutionProvider"])
        return lambda ids, mask: session.run(None, {"input_ids": ids, "attention_mask": mask})[0]

    ways = {"in turn": in_turn(forward(args.threads))}
    if args.threads > 1:
        ways["side by side"] = side_by_side(forward(1), args.threads)
    return ways


def openvino(args: argparse.Namespace) -> dict[str, Run]:
    import openvino as ov

    core = ov.Core()
    # Int8 leaves what is not quantised to the other types, of which bf16 is the fastest.
    hint = "f32" if args.precision == "f32" else "bf16"
    if hint == "bf16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        if args.precision == "bf16":
            raise SystemExit("OpenVINO offers no bf16 on this processor")
        hint = "f32"

    def run(model: ov.Model, streams: int) -> Run:
        config = {"INFERENCE_PRECISION_HINT": hint, "INFERENCE_NUM_THREADS": args.threads, "NUM_STREAMS": streams}
        queue = ov.AsyncInferQueue(core.compile_model(model, "CPU", config), streams)
        found: dict[int, np.ndarray] = {}

        def keep(request: ov.InferRequest, at: int | None) -> None:
            # The next batch takes the same memory; only those who want the states pay for the copy.
            if at is not None:
                found[at] = request.get_output_tensor(0).data.copy()

        def batches(padded: Batches, want: bool) -> list[np.ndarray]:
            found.clear()
            for at, (ids, mask) in enumerate(padded):
                queue.start_async({"input_ids": ids, "attention_mask": mask}, at if want else None)
            queue.wait_all()
            return [found[at] for at in sorted(found)]

        queue.set_callback(keep)
        return batches

    ways = {}
    for file in ["int8-static.onnx"] if args.precision == "int8" else ["f32.onnx", "openvino.xml"]:
        if not (args.exported / file).exists():
            continue
        model = core.read_model(args.exported / file)
        ways[f"in turn {file}"] = run(model, 1)
        if args.threads > 1:
            ways[f"side by side {file}"] = run(model, args.threads)
    return ways


def pytorch(args: argparse.Namespace) -> dict[str, Run]:
    import torch
    from export import torch_model

    model = torch_model(args.model, args.exported / "f32.safetensors", "sdpa")
    if args.precision == "bf16":
        model = model.to(torch.bfloat16)

    @torch.inference_mode()
    def forward(ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        ids, mask = torch.from_numpy(ids), torch.from_numpy(mask)
        return model(input_ids=ids, attention_mask=mask).last_hidden_state.float().numpy()

    torch.set_num_threads(args.threads)
    return {"in turn": in_turn(forward)}


ENGINES = {"onnxruntime": onnxruntime, "openvino": openvino, "pytorch": pytorch}


class Texts:
    """One kind of texts in batches, sorted by length and padded, and the way to encode them that was fastest."""

    def __init__(self, sequences: list[list[int]], sizes: list[int], ways: dict[str, Run]):
        self.lengths = [len(sequence) for sequence in sequences]
        self.order = sorted(range(len(sequences)), key=lambda i: self.lengths[i])
        best = float("inf")
        for size in sizes:
            batches = self.pad(sequences, size)
            for way, run in ways.items():
                # The first pass makes what depends on shapes, as OpenVINO's kernels.
                run(batches, False)
                seconds = min(timed(run, batches), timed(run, batches))
                if seconds < best:
                    best, self.plan, self.run, self.batches = seconds, f"{size} {way}", run, batches

    def pad(self, sequences: list[list[int]], size: int) -> Batches:
        batches = []
        for start in range(0, len(self.order), size):
            rows = [sequences[i] for i in self.order[start : start + size]]
            ids = np.zeros((len(rows), max(map(len, rows))), dtype=np.int64)
            mask = np.zeros_like(ids)
            for row, sequence in enumerate(rows):
                ids[row, : len(sequence)] = sequence
                mask[row, : len(sequence)] = 1
            batches.append((ids, mask))
        return batches

    def states(self) -> np.ndarray:
        """Hidden states of all tokens in the order of the texts."""
        rows = [row for hidden in self.run(self.batches, True) for row in hidden]
        place = dict(zip(self.order, rows, strict=True))
        return np.concatenate([place[i][: self.lengths[i]] for i in range(len(place))])

    def round(self) -> float:
        return timed(self.run, self.batches)


def timed(run: Run, batches: Batches) -> float:
    start = time.perf_counter()
    run(batches, False)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("precision")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--batches", type=lambda text: [int(size) for size in text.split(",")], required=True)
    for folder in ["--model", "--texts", "--exported", "--states"]:
        parser.add_argument(folder, type=Path, required=True)
    args = parser.parse_args()
    ways = ENGINES[args.engine](args)
    kinds = json.loads(args.texts.read_text())
    texts = {name: Texts(sequences, args.batches, ways) for name, sequences in kinds.items()}
    for name, kind in texts.items():
        kind.states().astype("<f4").tofile(args.states / f"{name}.f32")
    say({"ready": {name: kind.plan for name, kind in texts.items()}, "isa": None})
    for line in sys.stdin:
        say({"seconds": texts[line.strip()].round()})


def say(value: dict) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    main()
