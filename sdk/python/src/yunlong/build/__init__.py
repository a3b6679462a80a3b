"""Building an app: ``python -m yunlong.build`` in its folder writes ``build/app.wasm``.

The world of the component is made of what the app imports: each module of the SDK stands for interfaces of the contract.
So what ``app.toml`` does not declare, and the app does not use, the component does not import.
"""
