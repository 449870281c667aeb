"""Who holds an image, until when, and when its lock may be taken over."""

from datetime import UTC, datetime, timedelta

from dcn_console.model.imports import import_lock
from dcn_console.model.inventory import Image, ImageTask
from dcn_console.operations.copy_image.observe import Observation

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
GIB = 1024**3


def seen(status: str, silent: timedelta, size: int = 40 * 1024**2) -> Observation:
    task = ImageTask(id="t", status=status, updated_at=NOW - silent)
    image = Image(id="i", import_task="t", importing_to=("dcn0",), size=size)
    return Observation(image=image, tasks=(task,), at=NOW)


def test_no_task_no_lock() -> None:
    assert import_lock(Image(id="i"), ()) is None


def test_a_lock_lasts_an_hour_from_the_last_sign_of_life() -> None:
    lock = seen("processing", timedelta(minutes=20)).lock
    assert lock is not None
    assert lock.free_from == NOW + timedelta(minutes=40)
    assert not lock.is_free(NOW)
    assert lock.is_stalled(NOW)


def test_a_pending_task_holds_it_twice_as_long() -> None:
    lock = seen("pending", timedelta(minutes=90)).lock
    assert lock is not None
    assert lock.free_from == NOW + timedelta(minutes=30)


def test_a_lock_whose_task_is_gone_is_free_at_once() -> None:
    lock = import_lock(Image(id="i", import_task="gone"), ())
    assert lock is not None
    assert lock.is_free(NOW)


def test_a_young_lock_is_alive() -> None:
    observation = seen("processing", timedelta(seconds=30))
    assert not observation.lock_is_dead()
    assert observation.is_importing("dcn0")
    assert not observation.is_importing("dcn1")


def test_an_old_lock_is_dead() -> None:
    observation = seen("processing", timedelta(minutes=61))
    assert observation.lock_is_dead()
    assert not observation.is_importing("dcn0")


def test_a_big_image_may_still_be_staging_after_an_hour() -> None:
    assert not seen("processing", timedelta(minutes=61), size=40 * GIB).lock_is_dead()
    assert seen("processing", timedelta(hours=12), size=40 * GIB).lock_is_dead()


def test_a_store_that_an_earlier_import_left_behind_is_not_being_imported() -> None:
    task = ImageTask(id="t", status="processing", updated_at=NOW, stores=("dcn1",))
    image = Image(id="i", import_task="t", importing_to=("dcn0", "dcn1"), size=1)
    observation = Observation(image=image, tasks=(task,), at=NOW)
    assert observation.stores_to_serve == ("dcn1",)
    assert not observation.is_importing("dcn0")
    assert observation.is_importing("dcn1")


def test_without_a_lock_nothing_is_being_imported() -> None:
    image = Image(id="i", importing_to=("dcn0",))
    assert not Observation(image=image, tasks=(), at=NOW).is_importing("dcn0")


def test_stores_are_served_in_the_order_of_the_request() -> None:
    task = ImageTask(id="t", status="processing", updated_at=NOW, stores=("tagus", "fjord"))
    image = Image(id="i", import_task="t", importing_to=("fjord", "tagus"), size=1)
    assert Observation(image=image, tasks=(task,), at=NOW).stores_to_serve == ("tagus", "fjord")
