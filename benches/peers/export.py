"""Makes the shipped weights readable for the peers: a PyTorch model, and ONNX files in f32 and int8.

    export.py MODEL TEXTS FOLDER

The encoder's matrices are stored as int8 rows with an f32 scale for each (src/encoder/weights.rs); multiplied out they
are the f32 weights that every peer gets. Prints one line of JSON with the files that could not be made, and why.
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np

warnings.filterwarnings("ignore")

OPSET = 17
NAMES = ["input_ids", "attention_mask"]
# Sequences that static quantisation takes its ranges from.
CALIBRATION = 64


def dequantised(path: Path) -> dict[str, np.ndarray]:
    """The encoder's tensors in f32, by the checkpoint's names."""
    from safetensors.numpy import load_file

    stored = load_file(path)
    tensors = {}
    for name, tensor in stored.items():
        if name.endswith(".scale") or not name.startswith(("embeddings.", "encoder.")):
            continue
        if tensor.dtype == np.int8:
            tensor = tensor.astype(np.float32) * stored[f"{name}.scale"].reshape(-1, 1)
        tensors[name] = np.ascontiguousarray(tensor, dtype=np.float32)
    return tensors


def torch_model(model: Path, weights: Path, attention: str):
    """transformers' BertModel with the weights of a file that `main` wrote."""
    import torch
    from safetensors.torch import load_file
    from transformers import BertConfig, BertModel

    bert = BertModel(BertConfig.from_pretrained(model), add_pooling_layer=False)
    bert.set_attn_implementation(attention)
    missing, unexpected = bert.load_state_dict(load_file(weights), strict=False)
    missing = [name for name in missing if not name.endswith(("position_ids", "token_type_ids"))]
    if missing or unexpected:
        raise ValueError(f"missing {missing}, unexpected {unexpected}")
    return bert.eval().requires_grad_(False).to(torch.float32)


def export_onnx(model: Path, weights: Path, to: Path) -> None:
    """Hidden states by ids and mask, with free batch size and length."""
    import torch

    class Encoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            # The plain form of attention: the one whose pattern ONNX Runtime fuses.
            self.bert = torch_model(model, weights, "eager")

        def forward(self, ids, mask):
            return self.bert(input_ids=ids, attention_mask=mask).last_hidden_state

    ids = torch.arange(1000, 1032).reshape(2, 16)
    axes = {name: {0: "batch", 1: "tokens"} for name in [*NAMES, "hidden"]}
    torch.onnx.export(
        Encoder(), (ids, torch.ones_like(ids)), str(to), input_names=NAMES, output_names=["hidden"],
        dynamic_axes=axes, opset_version=OPSET, dynamo=False,
    )  # fmt: skip


def fuse(model: Path, plain: Path, to: Path) -> None:
    """ONNX Runtime's own optimiser for transformers: attention, GELU with bias, LayerNorm with residual as one each."""
    from onnxruntime.transformers import optimizer

    config = json.loads((model / "config.json").read_text())
    heads, hidden = config["num_attention_heads"], config["hidden_size"]
    fused = optimizer.optimize_model(str(plain), model_type="bert", num_heads=heads, hidden_size=hidden)
    if fused.get_fused_operator_statistics()["Attention"] != config["num_hidden_layers"]:
        raise ValueError("ONNX Runtime's optimiser did not find the attention of every layer")
    fused.save_model_to_file(str(to))


def convert_openvino(model: Path, weights: Path, to: Path) -> None:
    """OpenVINO's own format, converted from PyTorch without ONNX between: it keeps attention as one operation."""
    import openvino as ov
    import torch

    ids = torch.arange(1000, 1032).reshape(2, 16)
    example = dict(zip(NAMES, [ids, torch.ones_like(ids)], strict=True))
    converted = ov.convert_model(torch_model(model, weights, "sdpa"), example_input=example)
    ov.save_model(converted, to, compress_to_fp16=False)


def quantise_dynamic(fused: Path, to: Path) -> None:
    """Int8 weights for each channel; activations are rounded as they come."""
    from onnx import TensorProto
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # The fused operations are unknown to shape inference, which is then told that what it can't type is f32.
    options = {"DefaultTensorType": TensorProto.FLOAT}
    quantize_dynamic(fused, to, per_channel=True, weight_type=QuantType.QInt8, extra_options=options)


def quantise_static(plain: Path, texts: Path, to: Path) -> None:
    """Int8 weights for each channel; activations by ranges found beforehand, in QDQ form, which OpenVINO reads."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    sequences = json.loads(texts.read_text())["sentences"][:CALIBRATION]

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.left = iter(sequences)

        def get_next(self):
            ids = next(self.left, None)
            if ids is None:
                return None
            ids = np.array([ids], dtype=np.int64)
            return dict(zip(NAMES, [ids, np.ones_like(ids)], strict=True))

    ready = to.with_suffix(".ready.onnx")
    quant_pre_process(str(plain), str(ready), skip_symbolic_shape=True)
    quantize_static(
        ready, to, Reader(), quant_format=QuantFormat.QDQ, per_channel=True, op_types_to_quantize=["MatMul"],
        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
    )  # fmt: skip
    ready.unlink()


def main(model: Path, texts: Path, folder: Path) -> None:
    from safetensors.numpy import save_file

    weights, plain, fused = folder / "f32.safetensors", folder / "f32.onnx", folder / "fused.onnx"
    save_file(dequantised(model / "model.safetensors"), weights)
    steps = {
        plain.name: lambda: export_onnx(model, weights, plain),
        fused.name: lambda: fuse(model, plain, fused),
        "openvino.xml": lambda: convert_openvino(model, weights, folder / "openvino.xml"),
        "int8-dynamic.onnx": lambda: quantise_dynamic(fused, folder / "int8-dynamic.onnx"),
        "int8-static.onnx": lambda: quantise_static(plain, texts, folder / "int8-static.onnx"),
    }
    failed = {}
    for name, step in steps.items():
        try:
            step()
        except Exception as error:  # noqa: BLE001: whatever a package throws, the others can still be measured
            failed[name] = f"{type(error).__name__}: {error}".splitlines()[0]
    print(json.dumps({"failed": failed}))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
