"""Reading card secrets from what people have: workbooks, csv, text, pasted lines (V2).

`sources` opens a file and yields rows of cells, `layouts` says which column is what, `lines`
turns a row into a card or a reason why not. Nothing here touches the database, and nothing
changes a code: what stands in the cell or line is what is kept, space included.
"""
