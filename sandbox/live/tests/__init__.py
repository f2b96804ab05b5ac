"""Tests of the live sandbox: up, status, down."""
