"""Why an arm is better or worse than its protocol's own, where it is so by more than noise.

Each is an explanation, not a measurement; the report gives it only where the figures ask for one.
"""

from typing import Final

BETTER: Final[dict[str, dict[str, str]]] = {  # by study and arm
    "architectures": {
        "conv": "a standard 3x3 convolution weighs every input channel at every place for every "
        "output channel. The MobileNet block sees space one channel at a time, then mixes the "
        "channels at one place: fewer weights and multiplications, and fewer functions",
        "mobilenet": "with so few epochs the smaller network is the easier one to fit, and it has "
        "fewer weights to learn the training images by heart",
    },
    "mixes": {
        "conv3-mobile1": "three standard blocks have most of the weights of an all-standard "
        "network; the mixes order by how many standard blocks they have",
        "conv1-mobile3": "the one standard block is at the input, where there are few channels and "
        "it is cheap, and the three MobileNet blocks are quick to fit",
    },
    "poolings": {
        "weighted": "the digits are centred, so where on the last maps something lies tells as "
        "much as that it is there; an average forgets it",
    },
    "optimizers": {
        "adam": "Adam divides every step by the gradient's usual size, so that each weight moves "
        "by about the learning rate; plain SGD moves by the gradient itself, which at the same "
        "learning rate is hundreds of times less in the same number of steps",
        "adamw": "its weight decay is apart from the gradient's scale",
        "sgd with momentum": "momentum adds up ten gradients or so, which is ten times the "
        "learning rate",
    },
    "losses": {
        "label-smoothing": "images that are right already stop pulling the logits apart, so that "
        "the wrong ones have the say for longer",
        "focal": "images that are nearly right count less, so that the hard ones have the say",
        "squared-error": "it gives up on images that are confidently wrong, such as wrong labels",
    },
    "batch-sizes": {
        "32": "twice as many steps of the same size are taken in the same epochs",
        "128": "the gradient is steadier where the learning rate never falls",
        "256": "the gradient is steadier where the learning rate never falls",
    },
    "learning-rates": {
        "0.003": "it gets further in the same epochs, and batch normalisation bears the step",
        "0.01": "it gets further in the same epochs, and batch normalisation bears the step",
        "0.03": "it gets further in the same epochs, and batch normalisation bears the step",
    },
    "epochs": {"20 epochs": "the network is not at its end after ten"},
    "ratios": {
        "90/10": "more images to learn from; the price is that fewer are left to choose the epoch "
        "by, so that the validation accuracy is less sure",
    },
}
WORSE: Final[dict[str, dict[str, str]]] = {
    "optimizers": {
        "sgd": "at 0.001 plain SGD has hardly begun after ten epochs: its step is the gradient "
        "itself, Adam's is about the learning rate for every weight",
        "sgd with momentum": "its steps at this learning rate are smaller than Adam's",
    },
    "losses": {
        "squared-error": "the squared error of probabilities has almost no gradient where the "
        "network is confidently wrong: the hardest images pull the least",
        "focal": "the classes are balanced and nearly all images easy: taking weight off them "
        "mostly makes the steps smaller",
        "label-smoothing": "its target is less than sure, which a small network spends capacity on",
    },
    "batch-sizes": {
        "256": "a quarter of the steps in the same epochs, at the same learning rate",
        "128": "half of the steps in the same epochs, at the same learning rate",
        "32": "the gradient is noisier, and a constant learning rate never lets it settle",
    },
    "learning-rates": {
        "0.0003": "the steps are too small for the number of them",
        "0.001": "the steps are too small for the number of them",
        "0.003": "the steps do not settle, or are too small, depending on the side of the best",
        "0.01": "at a constant rate the steps are too large to settle",
        "0.03": "the steps are too large",
    },
    "epochs": {
        "2 epochs": "it is still learning",
        "5 epochs": "it is still learning",
    },
    "ratios": {
        "50/50": "it has fewer images to learn from, and no more steps to make up for it",
        "70/30": "it has fewer images to learn from",
    },
    "poolings": {
        "average": "an average forgets where on the last maps something lies, which with centred "
        "digits tells as much as that it is there",
    },
}
