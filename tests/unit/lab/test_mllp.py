"""MLLP frames out of a stream that is cut anywhere."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.lab.formats.mllp import Frames, FrameTooLargeError, framed


@given(
    st.lists(st.binary(max_size=20).map(lambda each: each.replace(b"\x0b", b"").replace(b"\x1c", b"")), max_size=5),
    st.lists(st.integers(0, 60), max_size=8),
)
def test_frames_are_the_same_wherever_the_stream_is_cut(messages: list[bytes], cuts: list[int]) -> None:
    stream = b"junk\r\n" + b"between".join(map(framed, messages))
    places = [0, *sorted(cuts), len(stream)]
    frames = Frames(100)
    found = [each for start, end in itertools.pairwise(places) for each in frames.feed(stream[start:end])]
    assert found == messages
    assert not frames.inside


def test_a_frame_that_is_broken_off_is_forgotten_with_the_next() -> None:
    frames = Frames(100)
    assert list(frames.feed(b"\x0bhalf")) == []
    assert list(frames.feed(b"er\x0bwhole\x1c\r")) == [b"whole"]


def test_a_frame_beyond_the_limit_ends_the_stream() -> None:
    frames = Frames(3)
    assert list(frames.feed(b"\x0babc\x1c\r")) == [b"abc"]
    with pytest.raises(FrameTooLargeError):
        list(frames.feed(b"\x0babcd"))
