"""Hands out the powers of the loader, as `gateway.app` does for collect. Apart from it, so that a process that takes
hits does not load what talks to warehouses: 8 MB a worker, and a third of its start.
"""

from __future__ import annotations

import asyncio
import logging
import math
import threading

from gateway.configuration import Configuration
from gateway.folders import Folders
from gateway.lifecycle import Due, running, settle_garbage
from gateway.metrics import write_snapshot
from gateway.persons import Place, carry_out
from gateway.settings import Settings
from gateway.warehouse import stream_kafka
from gateway.warehouse.connect import WarehouseError, connect, find
from gateway.warehouse.load import FAILURES, Loader
from gateway.warehouse.stream import Streamer

_log = logging.getLogger("gateway")


def run_load(configuration: Configuration, folders: Folders, once: bool) -> int:
    """The loader: until it is told to stop, or what is sealed has been loaded. Exit code."""
    loader = make_loader(configuration.settings, folders)
    if once:
        try:
            loaded = loader.run_once()
        except FAILURES as failure:
            _log.error("Not loaded: %s. The journal keeps everything; run it again.", failure)
            return 1
        _log.info("Loaded %d batches.", loaded.batches)
        return 0
    asyncio.run(_load(loader, Place(configuration, folders, configuration.settings.warehouse)))
    return 0


def make_loader(settings: Settings, folders: Folders) -> Loader:
    """What takes sealed segments on: to the warehouse, or to Kafka where there are brokers."""
    if settings.kafka:
        return Streamer(folders.journal, lambda: stream_kafka.connect(settings.kafka, settings.kafka_properties))
    return Loader(folders.journal, lambda: connect(find(folders, settings.warehouse)))


def _erase_ordered(place: Place) -> None:
    """Forgets whom hits asked to forget. What fails is done at the next turn."""
    try:
        for ended in carry_out(place):
            told = ended.body
            _log.info("Erased, as hits asked: %d pseudonyms, request %s", told["pseudonyms"], told["request"])
    except (WarehouseError, OSError) as error:
        _log.warning("Not erased yet: %s", error)


async def _load(loader: Loader, place: Place) -> None:
    settings, folders = place.configuration.settings, place.folders
    erasing = Due(settings.erase_every_s if settings.erase_every_s and not settings.kafka else math.inf)

    async def tick(_lag_s: float) -> None:
        write_snapshot(folders.metrics, "load", loader.counts())
        if erasing.now():  # Why a thread that nobody waits for: an erasure waits for the loader, and may be cut off
            threading.Thread(target=_erase_ordered, args=(place,), name="erase", daemon=True).start()

    settle_garbage()
    async with running(loader.stop, tick):
        await asyncio.to_thread(loader.run)
        await tick(0.0)
