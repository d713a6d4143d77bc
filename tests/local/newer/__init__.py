"""Gemmaweb's next version, as far as updates are concerned: one app more, whose second migration fails where NEWER says so."""
