"""Why an arm is better or worse than its protocol's own, where it is so by more than noise.

Each is an explanation, not a measurement; the report gives it only where the figures ask for one.
"""

from typing import Final

_BETTER: Final[dict[str, dict[str, str]]] = {  # by study and arm
    "architectures": {
        "conv": "a standard 3x3 convolution weighs every input channel at every place for every "
        "output channel. The MobileNet block sees space one channel at a time, then mixes the "
        "channels at one place: fewer weights and multiplications, and fewer functions",
        "mobilenet": "with so few epochs the smaller network is the easier one to fit, and it has "
        "fewer weights to learn the training images by heart",
    },
    "mixes": {
        "conv3-mobile1": "three of its blocks weigh every input channel at every place, and it "
        "has the weights for that; of the other network one does, where there are few channels",
        "conv1-mobile3": "the one standard block is at the input, where there are few channels and "
        "it is cheap, and the three MobileNet blocks are quick to fit",
    },
    "poolings": {
        "weighted": "the digits are centred, so where on the last maps something lies tells as "
        "much as that it is there; an average forgets it",
    },
    "optimizers": {
        "adam": "Adam divides every step by the gradient's usual size, so that each weight moves "
        "by about the learning rate; SGD moves by the gradient itself, which at the same learning "
        "rate gets less far in the same number of steps",
        "sgd with momentum": "momentum adds up ten gradients or so, which is ten times the "
        "learning rate",
    },
    "optimizers-ours": {},  # each with a rate of its own: what explains the seed's does not hold
    "losses": {
        "label-smoothing": "images that are right already stop pulling the logits apart, so that "
        "the wrong ones have the say for longer",
        "focal": "images that are nearly right count less, so that the hard ones have the say",
        "squared-error": "squared error gives up on images that are confidently wrong, such as "
        "those with a wrong label",
    },
    "activations": {
        "hardswish": "it is smooth about 0 and lets a little of what is negative through, where a "
        "ReLU stops value and gradient alike: in a network of few channels, each that is stopped "
        "counts",
    },
    "interpolations": {
        "bicubic": "bilinear resampling blurs whatever is turned or moved, so that the network "
        "learns from pictures that are all softer than those on which it is tried",
    },
    "epochs": {"20 epochs": "the network is not at its end after half of them"},
    "ratios": {
        "90/10": "more images to learn from; the price is that fewer are left to choose the epoch "
        "by, so that the validation accuracy is less sure",
    },
}
_WORSE: Final[dict[str, dict[str, str]]] = {
    "optimizers": {
        "sgd": "SGD's step is the gradient itself, which at this learning rate gets less far in "
        "the same number of steps; Adam's is about the learning rate for every weight",
        "sgd with momentum": "even with momentum, SGD's steps at this learning rate are smaller "
        "than Adam's",
    },
    "optimizers-ours": {
        "sgd with momentum": "its learning rate of 0.1 is the customary one and was not tuned",
        "adam": "it has no weight decay",
    },
    "losses": {
        "squared-error": "the squared error of probabilities has almost no gradient where the "
        "network is confidently wrong: the hardest images pull the least",
        "focal": "the classes are balanced and nearly all images easy: taking weight off them "
        "mostly makes the steps smaller",
        "label-smoothing": "a small network spends capacity on a target that is less than sure",
    },
    "epochs": {
        "2 epochs": "after so few the network is still learning",
        "5 epochs": "after so few the network is still learning",
    },
    "ratios": {
        "50/50": "there are fewer images to learn from, and no more steps to make up for it",
        "70/30": "there are fewer images to learn from",
    },
    "poolings": {
        "average": "an average forgets where on the last maps something lies, which with centred "
        "digits tells as much as that it is there",
        "weighted": "a weight for each place is more to learn by heart, and forgives a digit that "
        "lies elsewhere less than an average does",
    },
}


def reason(study: str, better: str, worse: str, own: str | None) -> str | None:
    """What explains that an arm is better than another, if anything is known.

    Args:
        study: Its name.
        better: Label of the better arm.
        worse: Label of the worse one.
        own: Label of the protocol's own arm: the explanation is of the other one.
    """
    question = study.removesuffix("-ours")
    if question == "learning-rates":
        return _of_rates(float(better), float(worse))
    if question == "batch-sizes":
        return _of_batches(int(better), int(worse))
    of_better = _BETTER.get(study, _BETTER.get(question, {})).get(better)
    of_worse = _WORSE.get(study, _WORSE.get(question, {})).get(worse)
    return of_worse or of_better if better == own else of_better or of_worse


def _of_rates(better: float, worse: float) -> str:
    if worse < better:
        return f"steps at {worse:g} are too small to get as far in the same epochs"
    return f"steps at {worse:g} are too large to settle where those at {better:g} do"


def _of_batches(better: int, worse: int) -> str:
    if worse < better:
        return f"the gradient of batches of {worse} is noisier"
    return (
        f"in the same epochs, batches of {worse} give {worse // better} times fewer steps, and "
        "none of them is larger"
    )
