"""When a fetch is given up whose Glance was away, and when it is not."""

from datetime import UTC, datetime, timedelta

from dcn_console.operations.import_image.silence import (
    DOUBTED_SECONDS,
    LASTING_SECONDS,
    UNSEEN_SECONDS,
    DownloadSilence,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_a_long_download_is_nothing_to_worry_about() -> None:
    silence = DownloadSilence()
    assert not silence.lasts("importing", NOON)
    assert not silence.lasts("importing", after(100 * LASTING_SECONDS))
    assert not silence.doubt


def test_silence_is_counted_from_glances_return() -> None:
    silence = DownloadSilence()
    silence.away()
    silence.away()
    assert not silence.lasts("importing", after(1000))
    assert silence.doubt
    assert not silence.lasts("importing", after(999 + LASTING_SECONDS))
    silence.away()
    assert not silence.lasts("importing", after(1000 + LASTING_SECONDS))
    assert silence.lasts("importing", after(1000 + 2 * LASTING_SECONDS))


def test_a_sign_of_life_ends_it() -> None:
    silence = DownloadSilence()
    silence.away()
    assert not silence.lasts(("importing", 0), NOON)
    assert not silence.lasts(("importing", 4), after(LASTING_SECONDS))
    assert not silence.doubt
    assert not silence.lasts(("importing", 4), after(9 * LASTING_SECONDS))


def test_a_runner_that_died_may_have_died_with_glance() -> None:
    silence = DownloadSilence(runner_died=True)
    assert not silence.lasts("importing", NOON)
    assert "runner died" in silence.doubt
    assert not silence.lasts("importing", after(DOUBTED_SECONDS - 1))
    assert silence.lasts("importing", after(DOUBTED_SECONDS))


def test_a_sign_of_life_ends_the_doubt_of_a_new_runner() -> None:
    silence = DownloadSilence(runner_died=True)
    assert not silence.lasts(("importing", 0), NOON)
    assert not silence.lasts(("importing", 4), after(60))
    assert not silence.doubt
    assert not silence.lasts(("importing", 4), after(60 + DOUBTED_SECONDS))


def test_no_silence_lasts_for_ever() -> None:
    silence = DownloadSilence()
    assert not silence.lasts("importing", NOON)
    assert silence.lasts("importing", after(UNSEEN_SECONDS))
