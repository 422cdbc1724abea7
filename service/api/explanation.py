"""What the network saw of a picture, in a form that a person can look at."""

import io
from base64 import b64encode
from typing import Any

from PIL import Image

from vision.preprocess import View


def explain(view: View) -> dict[str, Any]:
    """Say what the network saw, as `service.api.schemas.Explanation` documents it."""
    png = io.BytesIO()
    Image.fromarray(view.pixels).save(png, format="PNG")
    return {
        "seen": b64encode(png.getvalue()).decode(),
        "box": view.box,
        "polarity": view.polarity,
    }
