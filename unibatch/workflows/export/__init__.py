"""Contacts of any campaigns in one file: CSV, JSON Lines, Parquet or a workbook of Excel.

Start with `exporting.py`. What is read goes to a spool first (`spool.py`), from which the file is made at the end
(`formats.py`, and a module for each format), so nothing half made ever has the name of the file.
"""

from unibatch.workflows.export.exporting import Exported, ExportedCampaign, export, export_async

__all__ = ["Exported", "ExportedCampaign", "export", "export_async"]
