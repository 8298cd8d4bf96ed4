"""Who switched grad mode off is told by the stack."""

import sys

from gradviz.recording.switches import leaves_a_block, look_at_switch


def test_a_switch_by_the_user_s_own_line_is_no_library_s_and_has_that_line():
    switch = look_at_switch(sys._getframe())
    assert switch.set_by_function
    assert not switch.library
    assert not switch.inside_function
    assert switch.spot.code is sys._getframe().f_code


def test_two_blocks_of_a_line_are_two_and_an_ordinary_frame_leaves_none():
    first, second = (look_at_switch(sys._getframe()) for _ in range(2))
    assert first != second
    assert not leaves_a_block(sys._getframe())
