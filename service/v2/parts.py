"""What the protocol's routes hold while the service runs."""

import asyncio

from service.limits.threads import Threads
from service.pipeline.decoding import Pictures
from service.settings import Settings
from service.v2.inputs import Inputs
from service.v2.statistics import Statistics


class OpenInference:
    """Everything that the routes share."""

    def __init__(self, settings: Settings, pictures: Pictures) -> None:
        self.inputs = Inputs(pictures, settings.max_batch_size, settings.max_files)
        self.threads = Threads(settings.pool_size, settings.queue_seconds, "open-inference")
        self.statistics = Statistics()
        self.administration = asyncio.Lock()
