"""The bundled server: a second, independent reading of the documents, written as a server with real state.

It imports nothing of the other rooms and never reads the contract, so that the suite cannot agree with itself.
"""
