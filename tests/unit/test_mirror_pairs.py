"""Pairing sites over all clusters: by mirror_uuid where there is one, else by name."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from mirror_facts import PEERS, peer

from dcn_console.inventory.mirror_pairs import NOWHERE, Flows, Member
from dcn_console.model.mirroring import MirrorPeer, MirrorPool, PeerDirection

RECEIVE, SEND, BOTH = PeerDirection.RECEIVE, PeerDirection.SEND, PeerDirection.BOTH


def member(site: str, *peers: MirrorPeer, **fields: Any) -> Member:
    known = {"site_name": site, "mirror_uuid": f"uuid-{site}"}
    return Member(site, MirrorPool(name="volumes", peers=peers, **(known | fields)))


LAB = Flows([member(site, *peers) for site, peers in PEERS.items()])


def test_a_site_that_only_receives_is_linked_to_its_primary() -> None:
    assert LAB.between("paris", "nice") is True
    assert LAB.between("nice", "paris") is False
    assert LAB.between("lyon", "nice") is False
    assert LAB.linked() == (("paris", "lyon"), ("paris", "nice"))


def test_one_primary_with_two_secondaries_is_two_pairs() -> None:
    holders = {"paris": True, "lyon": False, "nice": False}
    assert LAB.pairs(holders) == (("paris", "lyon"), ("paris", "nice"))


def test_a_primary_alone_is_paired_with_all_that_receive_from_it() -> None:
    assert LAB.pairs({"paris": True}) == (("paris", "lyon"), ("paris", "nice"))
    assert LAB.pairs({"lyon": True}) == (("paris", "lyon"),)
    assert LAB.pairs({"nice": True}) == (("nice", NOWHERE),)


def test_secondaries_without_a_primary_are_paired_with_one_another_first() -> None:
    assert LAB.pairs({"paris": False, "nice": False}) == (("paris", "nice"),)
    assert LAB.pairs({"nice": False}) == (("paris", "nice"),)
    assert LAB.pairs({"lyon": False, "nice": False}) == (("paris", "lyon"), ("paris", "nice"))


def test_names_that_differ_are_no_obstacle_once_the_daemons_have_met() -> None:
    """A user that may not read configuration keys is told the fsid in the place of the name."""
    flows = Flows(
        [
            member("hub", peer("b", SEND), site_name="fsid-1", mirror_uuid="uuid-a"),
            member("edge", peer("central", RECEIVE, met=False), mirror_uuid="uuid-b"),
            member("third", site_name="fsid-3"),
        ]
    )
    assert flows.between("hub", "edge") is True
    assert flows.between("third", "edge") is None
    known = flows.peer("edge", "hub")
    assert known is not None
    assert known.site_name == "central"
    assert flows.peer("third", "hub") is None


def test_a_peer_that_was_never_met_is_known_by_what_another_site_calls_it() -> None:
    """Names of clusters, sites and mirroring all differ, and site names are told as fsids."""
    hub = member("main", peer("b", BOTH), peer("c", SEND), site_name="fsid-1", mirror_uuid="uuid-a")
    north = member("north", peer("a", BOTH), site_name="fsid-2", mirror_uuid="uuid-b")
    south = member("south", peer("a", RECEIVE, met=False), site_name="fsid-3", mirror_uuid="uuid-c")
    flows = Flows([hub, north, south])
    assert flows.between("main", "south") is True
    assert flows.between("north", "south") is False
    assert flows.peer("south", "main") is not None
    assert flows.peer("south", "north") is None


def test_a_name_that_two_peers_have_tells_nothing_of_one_that_was_never_met() -> None:
    flows = Flows(
        [
            member("main", site_name="fsid-1"),
            member("north", peer("main", BOTH), site_name="ceph"),
            member("south", peer("ceph", RECEIVE, met=False), site_name="fsid-3"),
            member(
                "west",
                MirrorPeer(uuid="p", site_name="ceph", mirror_uuid="uuid-main"),
                site_name="fsid-4",
            ),
        ]
    )
    assert flows.between("main", "south") is not True


def test_before_the_daemons_met_a_name_that_fits_none_may_be_anybody() -> None:
    flows = Flows([member("hub"), member("edge", peer("elsewhere", RECEIVE, met=False))])
    assert flows.between("hub", "edge") is None
    assert flows.pairs({"hub": True}) == (("hub", "edge"),)


def test_clusters_of_the_same_name_are_told_apart_by_uuid_only() -> None:
    twins = [
        member("a", site_name="ceph"),
        member("b", peer("c", SEND), site_name="ceph"),
        member("c", peer("ceph", RECEIVE, met=False)),
    ]
    flows = Flows(twins)
    assert flows.between("a", "c") is None
    assert flows.between("b", "c") is True


def test_a_site_that_was_never_asked_is_known_by_the_names_others_have_for_it() -> None:
    flows = Flows([Member("paris"), member("lyon", *PEERS["lyon"]), member("nice", *PEERS["nice"])])
    assert flows.between("paris", "nice") is True
    assert flows.pairs({"nice": False}) == (("paris", "nice"),)


def test_mirroring_to_a_cluster_that_is_none_of_ours_is_known_as_such() -> None:
    flows = Flows([member("paris", peer("berlin", SEND)), member("lyon")])
    assert flows.sends_abroad("paris")
    assert not flows.sends_abroad("lyon")
    assert flows.pairs({"paris": True}) == (("paris", NOWHERE),)


PEER = st.builds(
    MirrorPeer,
    uuid=st.just("p"),
    site_name=st.sampled_from(["", "a", "b", "c", "x"]),
    direction=st.sampled_from(PeerDirection),
    mirror_uuid=st.sampled_from(["", "uuid-a", "uuid-b", "uuid-c", "uuid-x"]),
)


def members(site: str) -> st.SearchStrategy[Member]:
    settings = st.builds(
        MirrorPool,
        name=st.just("volumes"),
        site_name=st.sampled_from(["", site, "x"]),
        mirror_uuid=st.sampled_from(["", f"uuid-{site}"]),
        peers=st.lists(PEER, max_size=3).map(tuple),
    )
    return st.builds(Member, st.just(site), st.none() | settings)


@given(
    st.tuples(members("a"), members("b"), members("c")),
    st.dictionaries(st.sampled_from("abc"), st.booleans(), min_size=1),
)
def test_every_holder_is_in_a_pair_and_no_pair_comes_twice(
    sites: tuple[Member, ...], holders: dict[str, bool]
) -> None:
    pairs = Flows(sites).pairs(holders)
    assert set(holders) <= {site for pair in pairs for site in pair}
    assert len({frozenset(pair) for pair in pairs}) == len(pairs)
    assert all(first != second for first, second in pairs)
