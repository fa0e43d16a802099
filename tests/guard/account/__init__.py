"""Tests of restricted accounts for tasks."""
