"""Bytes and rows: tables of statistics as people exchange them."""
