"""decoder.py OUT.onnx: a small GPT-2 (4 layers, 4 heads, width 128) with seeded weights and a KV cache, of transformers' modelling code, exported
by PyTorch.

input_ids i64[batch, seq], past_key_values.LAYER.key|value f32[batch, 4, past, 32]
-> logits f32[batch, seq, 512], present.LAYER.key|value f32[batch, 4, past + seq, 32].
"""
import sys
import warnings

import torch
import transformers

LAYERS, HEADS, WIDTH, VOCABULARY, POSITIONS = 4, 4, 128, 512, 256


class Decoder(torch.nn.Module):
    def __init__(self, gpt):
        super().__init__()
        self.gpt = gpt

    def forward(self, input_ids, *past):
        result = self.gpt(input_ids=input_ids, past_key_values=tuple(zip(past[::2], past[1::2])), use_cache=True)
        return result.logits, *(each for layer in result.past_key_values for each in layer)


def main():
    warnings.filterwarnings("ignore")  # of the exporter, about types that it does not need
    torch.manual_seed(2026)
    # Weights wider than those that training begins with: the choice of each token depends on all before it.
    config = transformers.GPT2Config(vocab_size=VOCABULARY, n_positions=POSITIONS, n_embd=WIDTH, n_layer=LAYERS, n_head=HEADS, initializer_range=0.25,
                                     tie_word_embeddings=False, bos_token_id=0, eos_token_id=0)
    model = Decoder(transformers.GPT2LMHeadModel(config)).eval()
    parts = [f"{layer}.{part}" for layer in range(LAYERS) for part in ("key", "value")]
    past, present = [f"past_key_values.{part}" for part in parts], [f"present.{part}" for part in parts]
    example = (torch.arange(3).reshape(1, 3), *(torch.zeros(1, HEADS, 5, WIDTH // HEADS) for _ in parts))
    axes = {"input_ids": {0: "batch", 1: "seq"}, "logits": {0: "batch", 1: "seq"}}
    axes |= {name: {0: "batch", 2: "past"} for name in past} | {name: {0: "batch", 2: "total"} for name in present}
    torch.onnx.export(model, example, sys.argv[1], opset_version=16, input_names=["input_ids", *past], output_names=["logits", *present], dynamic_axes=axes)


if __name__ == "__main__":
    main()
