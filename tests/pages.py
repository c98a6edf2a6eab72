"""What pages show beside what is found."""

import re

NUMBER = re.compile(r"-?\d+(?:\.\d*)?(?:e[+-]?\d+)?")


def shape(text):
    """A text without its numbers and spaces, which may differ between machines."""
    return re.sub(r"\s+", "", NUMBER.sub("#", text))


def assert_same_words(found, shown):
    """The texts agree but for numbers and spaces."""
    assert shape(found) == shape(shown)


def assert_same_numbers(found, shown):
    """The texts agree, and their numbers to a part in 500 or two of the last digits."""
    assert_same_words(found, shown)
    for mine, his in zip(NUMBER.findall(found), NUMBER.findall(shown)):
        digits = len(his.partition("e")[0].partition(".")[2])
        slack = 0 if re.fullmatch(r"-?\d+", his) else 2.001 * 10.0**-digits
        assert abs(float(mine) - float(his)) <= max(slack, abs(float(his)) / 500), (
            f"{mine} where the page says {his}"
        )
