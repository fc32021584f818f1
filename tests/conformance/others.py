"""others.py: prints, as JSON, how many of the models that tests/node compares with ONNX Runtime hold each operator: {"domain.Operator": models}."""
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

import onnx

MAKERS = ["operator", "ml", "loop", "string", "checked", "symbolic"]  # tests/frontends/NAME_models.py FOLDER


def operators(graph):
    for node in graph.node:
        yield f"{node.domain}.{node.op_type}" if node.domain not in ("", "ai.onnx") else node.op_type
        for attribute in node.attribute:
            for inner in [attribute.g, *attribute.graphs]:
                yield from operators(inner)


def main():
    frontends = pathlib.Path(__file__).resolve().parent.parent / "frontends"
    models = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        for maker in MAKERS:
            out = pathlib.Path(folder) / maker
            subprocess.run([sys.executable, "-B", "-W", "ignore", frontends / f"{maker}_models.py", out], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for file in sorted(out.glob("**/*.onnx")):
                if not file.name.endswith(".reference.onnx"):
                    models.update(set(operators(onnx.load(file, load_external_data=False).graph)))
    print(json.dumps(dict(sorted(models.items()))))


if __name__ == "__main__":
    main()
