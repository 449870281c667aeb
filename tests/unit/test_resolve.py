"""From what people type to objects."""

import pytest

from dcn_console.model.errors import AmbiguousName, UsageError
from dcn_console.model.inventory import Image
from dcn_console.workspace.resolve import find_images

IMAGES = (
    Image(id="aaaa1111", name="cirros"),
    Image(id="aaaa2222", name="rhel-9.4"),
    Image(id="bbbb3333", name="rhel-9.4"),
    Image(id="cccc4444", name=None),
    Image(id="dddd5555", name="aaaa1111"),
    Image(id="eeee6666", name="[red]x[/]\n\x1b[31m"),
)


def ids(*texts: str) -> list[str]:
    return [image.id for image in find_images(IMAGES, texts)]


def test_a_name_an_id_and_the_start_of_an_id_all_do() -> None:
    assert ids("cirros") == ["aaaa1111"]
    assert ids("bbbb3333") == ["bbbb3333"]
    assert ids("cccc4") == ["cccc4444"]


def test_an_id_comes_before_a_name() -> None:
    assert ids("aaaa1111") == ["aaaa1111"]


def test_each_image_is_found_once_in_the_order_asked() -> None:
    assert ids("bbbb3333", "cirros", "bbbb") == ["bbbb3333", "aaaa1111"]


def test_an_ambiguous_name_lists_the_candidates() -> None:
    with pytest.raises(AmbiguousName) as caught:
        ids("rhel-9.4")
    assert caught.value.candidates == ("aaaa2222  rhel-9.4", "bbbb3333  rhel-9.4")


def test_a_short_start_of_an_id_is_not_taken_for_one() -> None:
    with pytest.raises(UsageError, match="no image “ccc”"):
        ids("ccc")


def test_an_unknown_name_suggests_close_ones() -> None:
    with pytest.raises(UsageError, match=r"Did you mean: rhel-9\.4, rhel-9\.4"):
        ids("rhel")


def test_hostile_names_are_shown_as_plain_text() -> None:
    with pytest.raises(UsageError) as caught:
        ids("[red]")
    assert "\x1b" not in str(caught.value)
    assert "\n" not in str(caught.value)
