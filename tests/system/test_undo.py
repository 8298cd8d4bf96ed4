"""Steps that one call into C makes, each once."""

import pytest

from gradviz.system.undo import Undo, as_one, when_empty


def test_steps_are_made_once_in_one_call():
    made = []
    with Undo([lambda: made.append(1), lambda: made.append(2)]) as undo:
        assert made == []
    undo.close()
    assert made == [1, 2]


def test_steps_after_one_that_raises_are_made_by_the_next_call():
    made = []
    undo = Undo([lambda: 1 / 0, lambda: made.append(2)])
    with pytest.raises(ZeroDivisionError):
        undo.close()
    undo.close()
    assert made == [2]


def test_steps_wait_until_a_container_is_empty():
    made, users = [], {1, 2}
    for user in (1, 2):
        as_one(
            [
                lambda user=user: users.discard(user),
                when_empty(users, [lambda user=user: made.append(user)]),
            ]
        )()
    assert made == [2]
