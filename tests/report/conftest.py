"""Builds of these tests borrow their workers."""

from tests.shared_workers import lent as lent
