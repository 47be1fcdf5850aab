"""A report as a document, and as Markdown, HTML, LaTeX and CSV."""
