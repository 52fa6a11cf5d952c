"""Reporting: figures by area and period that can be traced to the facts and recounted from them."""
