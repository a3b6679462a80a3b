"""Collections, queries and transactions on the test double, which follows `city:data`."""

from dataclasses import dataclass, replace

import pytest

from yunlong import App, Problem, Progress, Router, data, t
from yunlong.data import Collection, Query, Tx, transact
from yunlong.testing import TestCity

from .conftest import MANIFEST


@dataclass(frozen=True)
class Card:
    number: int


@dataclass(frozen=True)
class Pupil:
    name: str
    group: str | None
    age: int
    card: Card | None = None


PUPILS = Collection("pupils", Pupil, id="name")
BY_CLASS = PUPILS.index("by-class")


def names(query: Query[Pupil]) -> list[str]:
    return [p.id for p in PUPILS.find(query).items]


def carded(name: str, number: int) -> Pupil:
    return Pupil(name, "1a", 7, Card(number))


def test_a_document_is_inserted_once_put_and_deleted(city: TestCity) -> None:
    PUPILS.insert(Pupil("a", "1a", 7))
    with pytest.raises(data.AlreadyExists):
        PUPILS.insert(Pupil("a", "1a", 8))
    first = PUPILS.get("a")
    PUPILS.put(Pupil("a", "1b", 8))
    second = PUPILS.get("a")
    assert first and second and (first.value.age, second.value.age) == (7, 8)
    assert second.version > first.version
    PUPILS.delete("a")
    PUPILS.delete("a")
    assert PUPILS.get("a") is None


def test_queries_walk_an_index_in_ranges_and_both_directions(city: TestCity) -> None:
    for name, group, age in [("a", "1a", 9), ("b", "1a", 7), ("c", "1b", 6), ("d", "1a", 8), ("e", "1a", 7)]:
        PUPILS.put(Pupil(name, group, age))
    PUPILS.put(Pupil("no-group", None, 7))
    of_1a = BY_CLASS.equals("1a")
    assert names(BY_CLASS) == ["b", "e", "d", "a", "c"], "what lacks a field is not in the index"
    assert names(of_1a) == ["b", "e", "d", "a"]
    assert names(of_1a.descending()) == ["a", "d", "e", "b"]
    assert names(of_1a.equals(7)) == ["b", "e"]
    assert names(of_1a.at_least(8)) == ["d", "a"]
    assert names(of_1a.above(8)) == ["a"]
    assert names(of_1a.at_most(8)) == ["b", "e", "d"]
    assert names(of_1a.below(8).above(7)) == []
    assert names(PUPILS.by_id().limit(2)) == ["a", "b"]


def test_cursors_go_on_and_belong_to_their_query(city: TestCity) -> None:
    for i in range(7):
        PUPILS.put(Pupil(f"p{i}", "1a", 7))
    of_1a = BY_CLASS.equals("1a").limit(3)
    for query, want in [(of_1a, list(range(7))), (of_1a.descending(), list(range(6, -1, -1)))]:
        seen: list[str] = []
        cursor = None
        while True:
            page = PUPILS.find(query.after(cursor))
            seen += [p.name for p in page.values]
            cursor = page.next
            if cursor is None:
                break
        assert seen == [f"p{i}" for i in want]
    foreign = PUPILS.find(of_1a).next
    for query in [PUPILS.by_id().after(foreign), PUPILS.by_id().after("龟"), PUPILS.by_id().limit(0)]:
        with pytest.raises(data.Invalid):
            PUPILS.find(query)


def test_what_app_toml_does_not_declare_is_refused(city: TestCity) -> None:
    teachers = Collection("teachers", Pupil, id="name")
    with pytest.raises(data.Undeclared):
        teachers.get("x")
    with pytest.raises(data.Undeclared):
        teachers.find(teachers.by_id())
    with pytest.raises(data.Undeclared):
        data.counter("chairs", "x")
    with pytest.raises(data.Undeclared):
        PUPILS.find(PUPILS.index("by-shoe"))


def test_a_collection_needs_a_field_for_its_id() -> None:
    with pytest.raises(TypeError, match="no field `number`"):
        Collection("pupils", Pupil, id="number")


def test_a_unique_index_refuses_the_second_and_frees_with_the_first(city: TestCity) -> None:
    PUPILS.put(carded("a", 1))
    with pytest.raises(data.UniqueViolation) as taken:
        PUPILS.put(carded("b", 1))
    assert (taken.value.index, taken.value.existing) == ("by-card", "a")
    PUPILS.put(carded("a", 1))

    def swap(tx: Tx) -> None:
        tx.delete(PUPILS, "a")
        tx.put(PUPILS, carded("b", 1))

    transact(swap)
    PUPILS.put(Pupil("c", "1a", 7))
    PUPILS.put(Pupil("d", "1a", 7))


def test_a_transaction_sees_its_own_writes_and_leaves_nothing_when_it_fails(city: TestCity) -> None:
    def run(tx: Tx) -> None:
        tx.put(PUPILS, Pupil("a", "1a", 7))
        own = tx.get(PUPILS, "a")
        assert own and own.value.age == 7
        assert len(tx.find(PUPILS, BY_CLASS.equals("1a")).items) == 1
        tx.adjust("seats", "room", 2, 0, 10)
        assert tx.counter("seats", "room") == 2
        tx.audit("pupil.join", "a", {})
        raise Problem.not_found()

    with pytest.raises(Problem):
        transact(run)
    assert PUPILS.get("a") is None
    assert data.counter("seats", "room") == 0
    assert city.audit == []


def test_a_read_that_somebody_changed_is_a_conflict_and_runs_again(city: TestCity) -> None:
    PUPILS.put(Pupil("a", "1a", 7))
    runs = 0

    def older(tx: Tx) -> int:
        nonlocal runs
        runs += 1
        read = tx.get(PUPILS, "a")
        assert read
        if runs == 1:
            PUPILS.put(Pupil("a", "1a", 20))
        tx.put(PUPILS, replace(read.value, age=read.value.age + 1))
        return read.value.age + 1

    assert (transact(older), runs) == (21, 2)


def test_who_looked_and_was_forestalled_looks_again_instead_of_being_refused(city: TestCity) -> None:
    runs = 0

    def look(tx: Tx) -> int | None:
        nonlocal runs
        runs += 1
        there = tx.get(PUPILS, "a")
        if there:
            return there.value.age
        if runs == 1:
            PUPILS.insert(Pupil("a", "1a", 20))
        tx.insert(PUPILS, Pupil("a", "1a", 7))
        return None

    assert (transact(look), runs) == (20, 2)


def test_a_phantom_in_a_range_that_was_read_is_a_conflict(city: TestCity) -> None:
    runs = 0

    def count(tx: Tx) -> int:
        nonlocal runs
        runs += 1
        n = len(tx.find(PUPILS, BY_CLASS.equals("1a")).items)
        if runs == 1:
            PUPILS.put(Pupil("new", "1a", 7))
        tx.put(PUPILS, Pupil("counted", "1b", n))
        return n

    assert (transact(count), runs) == (1, 2)


def test_counters_do_not_conflict_and_keep_their_bounds(city: TestCity) -> None:
    runs = 0

    def take(tx: Tx) -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            transact(lambda other: other.adjust("seats", "room", 3, 0, 5))
        tx.adjust("seats", "room", 2, 0, 5)

    transact(take)
    assert (runs, data.counter("seats", "room")) == (1, 5)

    def late(tx: Tx) -> None:
        tx.put(PUPILS, Pupil("late", "1a", 7))
        tx.adjust("seats", "room", 1, 0, 5)

    with pytest.raises(data.OutOfBounds) as over:
        transact(late)
    assert (over.value.value, over.value.delta, over.value.most) == (5, 1, 5)
    assert PUPILS.get("late") is None, "nothing was written"


def test_conflicts_end_in_an_error_after_a_bounded_number_of_attempts(city: TestCity) -> None:
    city.conflict_next(1000)
    runs = 0

    def run(tx: Tx) -> None:
        nonlocal runs
        runs += 1
        tx.put(PUPILS, Pupil("a", "1a", 7))

    with pytest.raises(data.Conflict):
        transact(run)
    assert runs == 24


def test_a_conflict_that_the_host_finds_early_runs_again_whatever_the_app_made_of_it(city: TestCity) -> None:
    runs = 0

    def run(tx: Tx) -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            tx.conflict = True  # As a host answers that sees it at the read.
            raise Problem.conflict(t("满了", "Full"))
        tx.put(PUPILS, Pupil("a", "1a", 7))

    transact(run)
    assert runs == 2 and PUPILS.get("a")


def test_limits_are_those_of_the_contract(city: TestCity) -> None:
    for id in ["", "x" * 257]:
        with pytest.raises(data.Invalid):
            PUPILS.get(id)
    with pytest.raises(data.TooLarge):
        PUPILS.put(Pupil("big", "x" * (1 << 20), 7))


def test_a_document_of_another_type_is_told_by_name(city: TestCity) -> None:
    @dataclass(frozen=True)
    class Other:
        name: str
        age: str

    Collection("pupils", Other, id="name").put(Other("a", "seven"))
    with pytest.raises(data.Mismatch, match="age"):
        PUPILS.get("a")


def birthday(old: int, new: int, cursor: str | None, tx: Tx) -> Progress:
    """Makes everybody a year older, two at a time."""
    assert (old, new) == (1, 2)
    done, after = Progress.resume(cursor)
    page = tx.find(PUPILS, PUPILS.by_id().limit(2).after(after))
    for pupil in page.values:
        tx.put(PUPILS, replace(pupil, age=pupil.age + 1))
    return Progress.after(done + len(page.items), page.next)


def test_a_migration_runs_batch_by_batch_and_each_has_its_effect_once() -> None:
    with TestCity(MANIFEST, App(Router(), migrate=birthday)) as city:
        for name in "abcde":
            PUPILS.insert(Pupil(name, "1a", 7))
        city.conflict_next(1)
        assert city.migrate(1, 2) == 5
        assert [p.age for p in PUPILS.find(PUPILS.by_id()).values] == [8] * 5
    with TestCity(MANIFEST, App(Router(), migrate=lambda *_: Progress.after(0, "here"))) as city:
        with pytest.raises(ValueError, match="does not move on"):
            city.migrate(1, 2)


def test_a_cursor_of_a_migration_carries_what_is_done() -> None:
    progress = Progress.after(40, "a:b", total=100)
    assert (progress.done, progress.total, Progress.resume(progress.next)) == (40, 100, (40, "a:b"))
    assert Progress.resume(None) == (0, None)
    for other in ["x", "x:y", "²:y"]:
        with pytest.raises(ValueError):
            Progress.resume(other)
