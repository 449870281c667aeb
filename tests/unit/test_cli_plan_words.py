"""What a plan says on the command line."""

from fake_data import NOW

from dcn_console.cli.plan_text import plan_text
from dcn_console.model.plans import ObjectReference, Plan, PlannedStep


def test_a_step_names_its_site_once() -> None:
    plan = Plan(
        operation="copy-image",
        title="copy cirros",
        objects=(ObjectReference(kind="image", id="id-cirros", name="cirros"),),
        targets=("dcn0", "dcn1"),
        steps=(
            PlannedStep(name="verify", site="dcn0", text="dcn0: see it whole"),
            PlannedStep(name="verify", site="dcn1", text="see it whole"),
        ),
        made_at=NOW,
    )
    lines = plan_text(plan, with_steps=True).splitlines()
    assert "    dcn0: see it whole" in lines
    assert "    dcn1: see it whole" in lines
