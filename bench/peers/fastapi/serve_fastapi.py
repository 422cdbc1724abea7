"""Plain FastAPI with ONNX Runtime, as FastAPI's documentation takes files and bodies."""

from classifier import Classifier
from fastapi import FastAPI, Request, UploadFile
from pydantic import BaseModel

app = FastAPI()
classifier = Classifier()


class Answer(BaseModel):
    """What the picture shows."""

    label: str
    probability: float


@app.post("/predict")
async def predict(image: UploadFile) -> Answer:
    """Take the picture as a file of a form."""
    return Answer(**classifier.answer(await image.read()))


@app.post("/raw")
async def predict_raw(request: Request) -> Answer:
    """Take the picture as the request's body."""
    return Answer(**classifier.answer(await request.body()))
