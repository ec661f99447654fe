import numpy as np

from ctvos_core.results.review import frames_to_review, lost_at


def test_doubtful_frames_are_named_worst_first_and_apart():
    confidence = np.ones((40, 2), np.float32)
    confidence[10:14, 0] = (0.45, 0.3, 0.2, 0.4)
    confidence[30, 1] = 0.1
    confidence[36, 1] = 0.69
    confidence[20, 1] = 0.7
    assert frames_to_review(confidence) == [30, 12, 36]
    assert frames_to_review(np.full((200, 1), 0.1, np.float32)) == list(range(0, 60, 6))


def test_sure_frames_are_left_alone():
    assert frames_to_review(np.full((30, 1), 0.8, np.float32)) == []


def test_an_object_that_only_its_given_mask_shows_is_lost():
    given, seen = np.zeros((6, 4), bool), np.zeros((6, 4), bool)
    given[0] = given[5, 2] = seen[0] = True
    seen[3, 0] = seen[5, 2] = True
    assert lost_at(seen, given) == {1: 1, 2: 4, 3: 1}
    assert lost_at(np.ones((1, 1), bool), np.ones((1, 1), bool)) == {}
    assert frames_to_review(np.ones((6, 4), np.float32), [1]) == [1]
