# Writes the notebooks nbformat-*.ipynb of the tests: `python3 make.py`, with nbformat 5.11.1.
import nbformat
from nbformat import v4

nb = v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}, "ünicode": ["ä", 1.5, None, True, 3]})
nb.cells = [
    v4.new_markdown_cell("# Title\nline\r\nother\u2028end\x85x\x0by", id="m1", attachments={"a.png": {"image/png": "aGk=\n"}, "t": {"text/plain": "a\nb"}}),
    v4.new_code_cell("print(1)\n\n", id="c1", execution_count=2, outputs=[
        v4.new_output("stream", text="a\rb\n", name="stdout"),
        v4.new_output("display_data", {"image/svg+xml": "<svg>\n</svg>", "application/javascript": "1\n2", "application/json": ["x", "y"], "application/pdf": "a\nb", "text/html": "<b>\n"}, metadata={"image/svg+xml": {"w": 1}}),
        v4.new_output("execute_result", {"text/plain": ""}, execution_count=2),
        v4.new_output("error", ename="E", evalue="\x1b[0m", traceback=["a\nb", "c"]),
    ]),
    v4.new_raw_cell("", id="r1"),
    v4.new_code_cell("\x00\x1f\x7f😀\\\"/", id="c2"),
]
nbformat.write(nb, "nbformat-all.ipynb")
nb = v4.new_notebook(cells=[v4.new_code_cell("x"), v4.new_markdown_cell("y")])
nb.nbformat_minor = 4
for c in nb.cells:
    del c["id"]
nbformat.write(nb, "nbformat-4.4.ipynb")
nbformat.write(v4.new_notebook(), "nbformat-empty.ipynb")
