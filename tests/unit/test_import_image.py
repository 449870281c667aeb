"""Importing an image: what the source is, and what becomes of broken uploads and lost answers."""

import struct
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from fake_images import ImageServices
from fake_mirror_services import Killed, MirrorContext

from dcn_console.model.errors import HttpError, UsageError
from dcn_console.model.image_requests import ImportImage
from dcn_console.model.inventory import ImageTask
from dcn_console.model.plans import Plan
from dcn_console.model.tasks import ProgressSource, Target, TargetState
from dcn_console.operations.import_image import ImageImport, qemu
from dcn_console.operations.import_image.qemu import DiskInfo, QemuFailed
from dcn_console.operations.import_image.source import format_of_url, local_file
from dcn_console.operations.results import StepResult

DATA = bytes(range(256)) * 64
WAIT = Callable[[MirrorContext], None]


@pytest.fixture
def services() -> ImageServices:
    return ImageServices()


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    path = tmp_path / "disk.raw"
    path.write_bytes(DATA)
    return path


@pytest.fixture
def qcow2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with the head of a qcow2, and a qemu-img that makes DATA of it."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    path = tmp_path / "disk.qcow2"
    path.write_bytes(b"QFI\xfb" + bytes(1000))

    async def look_at(path: Path, disk_format: str) -> DiskInfo:
        return DiskInfo(virtual_size=len(DATA))

    async def convert(
        source: Path, disk_format: str, target: Path, on_percent: Callable[[float], None]
    ) -> None:
        on_percent(50.0)
        target.write_bytes(DATA)  # noqa: ASYNC240

    monkeypatch.setattr(qemu, "look_at", look_at)
    monkeypatch.setattr(qemu, "convert", convert)
    return path


async def a_plan(services: ImageServices, **asked: object) -> Plan:
    request = ImportImage(**{"name": "new", **asked})  # type: ignore[arg-type]
    operation = ImageImport()
    (plan,) = await operation.plan(services.as_services(), request, services.plan_context())
    return plan


async def run(
    services: ImageServices,
    plan: Plan,
    results: dict[str, StepResult] | None = None,
    on_wait: WAIT = lambda context: None,
    on_step: Callable[[str], None] = lambda name: None,
) -> tuple[Target, MirrorContext]:
    context = MirrorContext(
        services,  # type: ignore[arg-type]
        plan,
        results=results,
        on_wait=on_wait,
        on_step=on_step,
    )
    return await ImageImport().run_target(context), context


def refusals(plan: Plan) -> str:
    return " ".join(check.text for check in plan.refusals)


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"QFI\xfb", "qcow2"),
        (b"KDMV", "vmdk"),
        (b"vhdxfile", "vhdx"),
        (b"conectix", "vhd"),
        (b"<<< Oracle".ljust(64, b"\0") + struct.pack("<I", 0xBEDA107F), "vdi"),
        (bytes(32769) + b"CD001", "iso"),
        (bytes(4096), "raw"),
    ],
)
def test_formats_are_told_by_the_files_head(tmp_path: Path, head: bytes, found: str) -> None:
    path = tmp_path / "disk"
    path.write_bytes(head + bytes(1024))
    assert local_file(str(path)).disk_format == found


def test_what_can_be_no_disk_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "packed").write_bytes(b"\x1f\x8b" + bytes(100))
    for name in ("missing", "empty", "packed", "."):
        with pytest.raises(UsageError):
            local_file(str(tmp_path / name))


def test_formats_of_addresses() -> None:
    assert format_of_url("https://host/a/b.qcow2?x=1") == "qcow2"
    assert format_of_url("https://host/a/b.img") == ""


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"path": "x", "url": "http://host/x.raw"},
        {"url": "http://host/x.img"},
        {"url": "ftp://host/x.raw"},
        {"url": "https://me:secret@host/x.raw"},
        {"url": "http://host/x.raw", "visibility": "nobody"},
    ],
)
async def test_what_makes_no_sense_is_refused(
    services: ImageServices, asked: dict[str, object]
) -> None:
    with pytest.raises(UsageError) as raised:
        await a_plan(services, **asked)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "said"), [("x" * 256, "255 characters"), ("rocket 🚀", "beyond U+FFFF")]
)
async def test_a_name_that_glance_refuses_is_told_in_the_plan(
    services: ImageServices, raw: Path, name: str, said: str
) -> None:
    assert said in refusals(await a_plan(services, path=str(raw), name=name))
    assert not (await a_plan(services, path=str(raw), name="ü" * 255)).is_refused


async def test_a_raw_file_is_sent_and_its_hash_compared(services: ImageServices, raw: Path) -> None:
    plan = await a_plan(services, path=str(raw), sites=("dcn0",))
    assert plan.targets == ("central", "dcn0")
    assert plan.bytes_to_move == 2 * len(DATA)
    target, context = await run(services, plan)
    assert target.state is TargetState.DONE, target.text
    assert "sha512 is that of what was sent" in target.verified
    sources = {shown.progress.source for shown in context.shown if shown.progress}
    assert ProgressSource.SENT in sources
    assert services.glance.asked == ["create image-1", "upload image-1"]


async def test_a_qcow2_becomes_raw_and_its_file_goes(
    services: ImageServices, qcow2: Path, tmp_path: Path
) -> None:
    plan = await a_plan(services, path=str(qcow2))
    assert not plan.is_refused, refusals(plan)
    assert "qemu-img convert -p -f qcow2 -O raw" in plan.commands[0]
    target, context = await run(services, plan)
    assert target.state is TargetState.DONE, target.text
    assert services.glance.known["image-1"].disk_format == "raw"
    figures = [shown.progress for shown in context.shown if shown.progress]
    assert (ProgressSource.CONVERTED, len(DATA) // 2) in {(one.source, one.done) for one in figures}
    assert [path.name for path in tmp_path.iterdir()] == ["disk.qcow2"]  # noqa: ASYNC240


async def test_without_qemu_img_the_way_to_it_is_said(
    services: ImageServices, qcow2: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def missing(path: Path, disk_format: str) -> DiskInfo:
        raise QemuFailed("There is no qemu-img on this machine.", way_out=qemu.GET_IT)

    monkeypatch.setattr(qemu, "look_at", missing)
    plan = await a_plan(services, path=str(qcow2))
    assert "no qemu-img" in refusals(plan)
    assert "qemu-utils" in plan.refusals[0].way_out
    plan = await a_plan(services, path=str(qcow2), convert=False)
    assert not plan.is_refused
    assert "full copies" in " ".join(check.text for check in plan.warnings)


@pytest.mark.parametrize(
    ("info", "word"),
    [
        (DiskInfo(virtual_size=1, refers_to="/etc/passwd"), "needs another file"),
        (DiskInfo(virtual_size=1, encrypted=True), "encrypted"),
    ],
)
async def test_a_file_that_refers_to_others_is_refused(
    services: ImageServices,
    qcow2: Path,
    monkeypatch: pytest.MonkeyPatch,
    info: DiskInfo,
    word: str,
) -> None:
    async def look_at(path: Path, disk_format: str) -> DiskInfo:
        return info

    monkeypatch.setattr(qemu, "look_at", look_at)
    assert word in refusals(await a_plan(services, path=str(qcow2)))


async def test_too_little_room_is_told(services: ImageServices, qcow2: Path, raw: Path) -> None:
    services.clusters["central"].available = 10
    assert "has 10 B free" in refusals(await a_plan(services, path=str(raw)))
    services.clusters["central"].available = 10**12
    services.clusters["dcn1"].available = 10
    plan = await a_plan(services, path=str(raw), sites=("dcn0", "dcn1"))
    assert plan.targets == ("central", "dcn0")
    assert "10 B free" in plan.skipped["dcn1"]


@pytest.mark.parametrize("left_as", ["queued", "active", "killed", "saving"])
async def test_a_broken_upload_is_begun_anew(
    services: ImageServices, raw: Path, left_as: str
) -> None:
    services.glance.broken_uploads = 1
    services.glance.left_as = left_as
    target, _ = await run(services, await a_plan(services, path=str(raw)))
    assert target.state is TargetState.DONE, target.text
    (image,) = services.glance.known.values()
    assert image.size == len(DATA)


async def test_an_upload_that_always_breaks_is_given_up_and_removed(
    services: ImageServices, raw: Path
) -> None:
    services.glance.broken_uploads = 99
    target, _ = await run(services, await a_plan(services, path=str(raw)))
    assert target.state is TargetState.FAILED
    assert "gave up after sending it 3 times" in target.text
    assert services.glance.known == {}


async def test_over_quota_is_told_at_once(services: ImageServices, raw: Path) -> None:
    services.glance.upload_error = HttpError("Denied by quota", 413)
    target, _ = await run(services, await a_plan(services, path=str(raw)))
    assert target.state is TargetState.FAILED
    assert "Denied by quota" in target.text
    assert services.glance.known == {}


async def test_damaged_data_is_noticed_and_removed(services: ImageServices, raw: Path) -> None:
    services.glance.damaged = True
    target, _ = await run(services, await a_plan(services, path=str(raw)))
    assert target.state is TargetState.FAILED
    assert "sha512" in target.text
    assert services.glance.known == {}


async def test_an_image_that_somebody_uses_already_stays(
    services: ImageServices, raw: Path
) -> None:
    services.glance.damaged = True

    def use(name: str) -> None:
        if name == "send":
            services.add_clone("central", "image-1")

    target, _ = await run(services, await a_plan(services, path=str(raw)), on_step=use)
    assert target.state is TargetState.FAILED
    assert "image-1 is left behind" in target.text
    assert "image-1" in services.glance.known


async def test_a_lost_answer_makes_no_second_image(services: ImageServices, raw: Path) -> None:
    services.glance.lost_answers = 2
    target, _ = await run(services, await a_plan(services, path=str(raw)))
    assert target.state is TargetState.DONE
    assert services.glance.asked == ["create image-1", "upload image-1"]


@pytest.mark.parametrize("step", ["convert", "send", "verify", "clean up"])
async def test_a_kill_at_any_step_ends_with_one_image(
    services: ImageServices, qcow2: Path, tmp_path: Path, step: str
) -> None:
    plan = await a_plan(services, path=str(qcow2))
    results: dict[str, StepResult] = {}

    def kill(name: str) -> None:
        if name == step:
            raise Killed

    with pytest.raises(Killed):
        await run(services, plan, results, on_step=kill)
    target, _ = await run(services, plan, results)
    assert target.state is TargetState.DONE, target.text
    assert [image.status for image in services.glance.known.values()] == ["active"]
    assert [path.name for path in tmp_path.iterdir()] == ["disk.qcow2"]  # noqa: ASYNC240


async def test_a_file_that_changed_since_is_not_sent(services: ImageServices, raw: Path) -> None:
    plan = await a_plan(services, path=str(raw))
    raw.write_bytes(DATA + b"more")  # noqa: ASYNC240
    target, _ = await run(services, plan)
    assert target.state is TargetState.FAILED
    assert "as it was planned" in target.text
    assert services.glance.known == {}


async def test_an_address_is_fetched_by_glance(services: ImageServices) -> None:
    plan = await a_plan(services, url="https://host/disk.raw")
    assert plan.bytes_to_move is None
    services.glance.lost_answers = 2
    target, _ = await run(services, plan)
    assert target.state is TargetState.DONE, target.text
    assert services.glance.asked == ["create image-1", "fetch https://host/disk.raw"]


@pytest.mark.parametrize("again", [True, False])
async def test_a_glance_that_died_unseen_is_asked_anew(
    services: ImageServices, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    """It died together with the runner, or came back between two looks."""
    fetch = services.glance.import_url
    dead: list[str] = []

    async def die_once(image_id: str, url: str, stores: Sequence[str]) -> None:
        if dead:
            await fetch(image_id, url, stores)
            return
        dead.append(image_id)
        services.glance.change(image_id, status="importing")
        services.glance.tasks_of[image_id] = [
            ImageTask(id="dead", status="processing", method="web-download")
        ]

    monkeypatch.setattr(services.glance, "import_url", die_once)
    plan = await a_plan(services, url="https://host/disk.raw")

    def look_again(context: MirrorContext) -> None:
        services.clock.forward(60.0)

    def taken_again(context: MirrorContext) -> bool:
        return again

    monkeypatch.setattr(MirrorContext, "taken_again", taken_again)
    began = services.clock.now
    target, _ = await run(services, plan, on_wait=look_again)
    assert target.state is TargetState.DONE, target.text
    assert [image.status for image in services.glance.known.values()] == ["active"]
    assert dead[0] not in services.glance.known
    assert (services.clock.now - began < timedelta(hours=1)) is again


async def test_an_address_that_glance_cannot_fetch(services: ImageServices) -> None:
    services.glance.url_fails = True
    target, _ = await run(services, await a_plan(services, url="https://host/disk.raw"))
    assert target.state is TargetState.FAILED
    assert "Glance could not import https://host/disk.raw" in target.text
    assert services.glance.known == {}


async def test_glance_that_did_not_convert_is_told(services: ImageServices) -> None:
    plan = await a_plan(services, url="https://host/disk.qcow2")
    assert "image_conversion" in " ".join(check.text for check in plan.warnings)
    target, _ = await run(services, plan)
    assert "Glance did not convert it" in target.verified


async def test_edges_end_with_the_hub(services: ImageServices, raw: Path) -> None:
    plan = await a_plan(services, path=str(raw), sites=("dcn0",))
    context = MirrorContext(services, plan, site="dcn0")  # type: ignore[arg-type]
    context.standings["central"] = Target(site="central", state=TargetState.FAILED)
    target = await ImageImport().run_target(context)
    assert target.state is TargetState.FAILED
    assert "it did not work at central" in target.text


async def test_a_retry_after_the_hub_is_a_copy(services: ImageServices, raw: Path) -> None:
    plan = await a_plan(services, path=str(raw), sites=("dcn0",))
    target, context = await run(services, plan)
    failed = Target(site="dcn0", state=TargetState.FAILED)
    task = msgspec.structs.replace(context.task, targets=(target, failed))
    again = await ImageImport().replan(services.as_services(), task, services.plan_context())
    assert again.operation == "copy-image"
    assert again.targets == ("dcn0",)


async def test_uploads_go_to_the_default_store_only(services: ImageServices, raw: Path) -> None:
    services.glance.default_store = "dcn0-store"
    assert "default store" in refusals(await a_plan(services, path=str(raw)))
