"""Tests of the Firestore stand-in, against the real client and, where it is installed, the Java emulator."""
