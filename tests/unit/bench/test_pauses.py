"""Pauses of the machine, as pieces of equal work find them."""

from bench.pauses import LEAST_SECONDS, Pauses, measure_pauses, pauses_of

USUAL = 0.001


def test_slow_pieces_near_each_other_are_one_pause():
    """It lost what they took longer than usual. After it, the machine is slow for some more pieces."""
    times = [USUAL] * 500 + [0.031, 0.011, USUAL, 0.006] + [USUAL] * 500 + [0.021] + [USUAL] * 500
    found = pauses_of(times)
    assert [round(length, 3) for length in found.lengths] == [0.045, 0.02]
    assert round(found.observed_seconds, 3) == round(sum(times), 3)


def test_what_other_programs_take_is_no_pause():
    """A piece that is a little slower, and one that waited for its turn for less than LEAST_SECONDS."""
    times = [USUAL] * 100 + [1.9 * USUAL] + [USUAL] * 100 + [LEAST_SECONDS]
    assert pauses_of(times).lengths == ()


def test_pauses_of_several_times_are_added():
    """As many seconds were observed as in all of them together."""
    both = Pauses((0.05,), 2) + Pauses((0.07, 0.09), 4)
    assert both == Pauses((0.05, 0.07, 0.09), 6)
    assert str(both) == "70 ms every 2.0 s"
    assert str(Pauses((), 4)) == "none"


def test_this_machine_is_observed():
    """For as long as it should be."""
    assert 0.05 <= measure_pauses(0.05).observed_seconds < 5
