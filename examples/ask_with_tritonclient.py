"""Ask a running service as a client of Triton, KServe or MLServer does.

pip install 'tritonclient[http]'
python examples/ask_with_tritonclient.py PICTURE [HOST:PORT]
"""

import sys
from pathlib import Path

import numpy as np
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput


def main(picture: str, address: str = "127.0.0.1:8000") -> None:
    """Send an encoded picture, then the tensor that the network takes."""
    client = InferenceServerClient(address)
    name = client.get_model_repository_index()[0]["name"]

    image = InferInput("image", [1, 1], "BYTES")
    image.set_data_from_numpy(np.array([[Path(picture).read_bytes()]], np.object_))
    outputs = [InferRequestedOutput("label"), InferRequestedOutput("probabilities", class_count=2)]
    answer = client.infer(name, [image], outputs=outputs)
    print(f"{name}: {answer.as_numpy('label')}, {answer.as_numpy('probabilities')}")

    inputs = client.get_model_metadata(name)["inputs"]
    network = next(each for each in inputs if each["datatype"] == "FP32")
    shape = [1, *network["shape"][1:]]  # the first one is the batch
    tensor = InferInput(network["name"], shape, "FP32")
    tensor.set_data_from_numpy(np.zeros(shape, np.float32))
    print(f"logits of shape {client.infer(name, [tensor]).as_numpy('logits').shape}")
    client.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
