import numpy as np

from ctvos_core.propagation.tidy import tidy


def two_objects():
    """Object 3 is 10 x 20, object 7 is 10 x 10 and touches it."""
    labels = np.zeros((40, 60), np.uint8)
    labels[10:20, 10:30] = 3
    labels[20:30, 10:20] = 7
    return labels


def test_specks_go_and_pinholes_are_filled():
    clean = two_objects()
    dirty = clean.copy()
    dirty[35, 50:53] = 3  # 3 of about 200 pixels
    dirty[15, 15:18] = 0
    assert np.array_equal(tidy(dirty, [3, 7], 0.05), clean)


def test_large_parts_and_holes_stay():
    labels = two_objects()
    labels[32:36, 40:50] = 3
    labels[12:18, 14:20] = 0
    assert np.array_equal(tidy(labels, [3, 7], 0.05), labels)


def test_holes_that_another_object_fills_are_left_to_it():
    labels = two_objects()
    labels[14:16, 14:16] = 7  # a speck of object 7, of no size beside object 3 either
    labels[35:37, 40:42] = 5
    tidied = tidy(labels, [3, 5, 7], 0.05)
    assert (tidied[14:16, 14:16] == 3).all()
    assert (tidied[35:37, 40:42] == 5).all(), "all there is of an object is no speck"
    labels[14:17, 14:17] = 9
    assert (tidy(labels, [3], 0.05)[14:17, 14:17] == 9).all()


def test_a_share_of_zero_changes_nothing():
    labels = two_objects()
    labels[35, 50] = 3
    assert np.array_equal(tidy(labels, [3, 7], 0), labels)
