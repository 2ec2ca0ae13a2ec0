"""One epoch on the images of a folder, as one writes it in each library: whole_process.py LIBRARY FOLDER."""

import gzip
import sys

import numpy as np

library, folder = sys.argv[1:]


def read(name, header):
    with gzip.open(f"{folder}/train-{name}-ubyte.gz") as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)


x = read("images-idx3", 16).reshape(-1, 784) / np.float32(255)  # float32, without a further copy
y = read("labels-idx1", 8).astype(np.int64)
SIZE, RATE = 32, 0.01

if library.startswith("PyTorch"):
    import torch

    model = torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=0.9)
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    if library == "PyTorch":
        data = torch.utils.data.TensorDataset(x, y)
        batches = torch.utils.data.DataLoader(data, SIZE, shuffle=True)
    else:
        batches = ((x[rows], y[rows]) for rows in torch.randperm(len(x)).split(SIZE))
    for a, b in batches:
        loss = torch.nn.functional.cross_entropy(model(a), b)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
elif library == "JAX":
    import jax
    import jax.numpy as jnp

    keys = jax.random.split(jax.random.key(0), 2)
    p = [(jax.random.normal(k, s) * (2 / s[0]) ** 0.5, jnp.zeros(s[1]))
         for k, s in zip(keys, [(784, 128), (128, 10)])]
    v = jax.tree.map(jnp.zeros_like, p)

    def mean_loss(p, a, b):
        z = jax.nn.relu(a @ p[0][0] + p[0][1]) @ p[1][0] + p[1][1]
        return -jnp.mean(jax.nn.log_softmax(z)[jnp.arange(len(b)), b])

    @jax.jit
    def step(p, v, a, b):
        g = jax.grad(mean_loss)(p, a, b)
        v = jax.tree.map(lambda v, g: 0.9 * v + g, v, g)
        return jax.tree.map(lambda p, v: p - RATE * v, p, v), v

    order = np.random.default_rng(0).permutation(len(x))
    for at in range(0, len(x), SIZE):
        rows = order[at:at + SIZE]
        p, v = step(p, v, x[rows], y[rows])
    jax.block_until_ready(p)
elif library == "Keras":
    import keras

    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(128, "relu"),
                              keras.layers.Dense(10)])
    model.compile(keras.optimizers.SGD(RATE, 0.9),
                  keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x, y, SIZE, verbose=0)
elif library == "scikit-learn":
    from sklearn.neural_network import MLPClassifier

    MLPClassifier((128,), solver="sgd", momentum=0.9, nesterovs_momentum=False, batch_size=SIZE,
                  learning_rate_init=RATE, alpha=0, max_iter=1).fit(x, y)
else:
    source = np.random.default_rng(0)
    w = [source.standard_normal(s, dtype=np.float32) * np.float32((2 / s[0]) ** 0.5)
         for s in [(784, 128), (128, 10)]]
    b = [np.zeros(n, np.float32) for n in (128, 10)]
    vw, vb = [np.zeros_like(m) for m in w], [np.zeros_like(m) for m in b]
    order = source.permutation(len(x))
    for at in range(0, len(x), SIZE):
        rows = order[at:at + SIZE]
        a = x[rows]
        h = np.maximum(a @ w[0] + b[0], 0)
        z = h @ w[1] + b[1]
        d = np.exp(z - z.max(1, keepdims=True))
        d /= d.sum(1, keepdims=True)
        d[np.arange(len(rows)), y[rows]] -= 1
        d /= len(rows)
        e = (d @ w[1].T) * (h > 0)
        for l, (below, delta) in enumerate(((a, e), (h, d))):
            vw[l] = 0.9 * vw[l] + below.T @ delta
            vb[l] = 0.9 * vb[l] + delta.sum(0)
            w[l] -= np.float32(RATE) * vw[l]
            b[l] -= np.float32(RATE) * vb[l]
