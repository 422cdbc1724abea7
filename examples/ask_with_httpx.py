"""Ask a running service with httpx: one picture, several, what the network saw, an error.

python examples/ask_with_httpx.py PICTURE [URL]
"""

import base64
import sys
from pathlib import Path

import httpx


def main(picture: str, url: str = "http://127.0.0.1:8000") -> None:
    """Ask the service in four ways."""
    data = Path(picture).read_bytes()
    with httpx.Client(base_url=url) as client:
        answer = client.post("/predict", files={"image": data}).raise_for_status().json()
        print(f"{answer['model']}: {answer['label']} ({answer['probability']:.1%})")

        files = [("images", data), ("images", data)]
        answers = client.post("/predict/batch", files=files).raise_for_status().json()["answers"]
        print("several:", [each["label"] for each in answers])

        explained = client.post("/predict?explain=true", files={"image": data}).json()
        seen = base64.b64decode(explained["explanation"]["seen"])
        print(f"the network saw a PNG of {len(seen)} bytes, box {explained['explanation']['box']}")

        refused = client.post("/predict", files={"image": b"no picture"})
        print(f"refused with {refused.status_code}: {refused.json()['detail']}")


if __name__ == "__main__":
    main(*sys.argv[1:])
