"""Programs: networks with their optimizers and the compiled epoch that trains them.

Compiling takes longer than training a small network. A program is therefore kept after
a fit, and lent to the next fit of the same structure, which writes its own weights into
it: a grid search over ``lambda_`` or ``learning_rate`` compiles once.
"""

import threading
from collections import OrderedDict

import keras
import numpy as np
from keras import ops

from adapt.deep import _engine
from adapt.deep._networks import reseed

__all__ = [
    "Feed",
    "Program",
    "forward_of",
    "give_back",
    "hashable",
    "in_batches",
    "outputs_of",
    "take_program",
]

_N_KEPT = 8
_LARGEST = 5_000_000  # parameters: larger networks are neither copied nor kept
_kept = OrderedDict()
_lock = threading.Lock()


def _remember(key, value):
    with _lock:
        _kept[key] = value
        while len(_kept) > _N_KEPT:
            _kept.popitem(last=False)


def hashable(value):
    """Return something to compare a parameter by; objects count by identity."""
    if isinstance(value, dict):
        return tuple((k, hashable(v)) for k, v in sorted(value.items()))
    if isinstance(value, list | tuple):
        return tuple(map(hashable, value))
    if isinstance(value, np.ndarray):
        return value.shape, value.tobytes()
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return type(value), value


# They treat each number by itself, unless one of these options is set.
_ELEMENTWISE = (
    keras.optimizers.Adadelta,
    keras.optimizers.Adagrad,
    keras.optimizers.Adam,
    keras.optimizers.Adamax,
    keras.optimizers.AdamW,
    keras.optimizers.Ftrl,
    keras.optimizers.Lion,
    keras.optimizers.Nadam,
    keras.optimizers.RMSprop,
    keras.optimizers.SGD,
)
_NOT_ELEMENTWISE = (
    *("clipnorm", "global_clipnorm", "use_ema", "loss_scale_factor"),
    "gradient_accumulation_steps",
)


def _packs(optimizer, variables):
    """Return whether an optimizer can move variables as one vector."""
    config = optimizer.get_config()
    return (
        isinstance(optimizer, _ELEMENTWISE)
        and type(optimizer).__module__.startswith("keras.")
        and not any(config[name] for name in _NOT_ELEMENTWISE)
        and all(v.dtype == "float32" and v.constraint is None for v in variables)
    )


class _Mover:
    """An optimizer and the variables that it moves, which may be packed in one vector.

    What it does to a vector it does to each number, by far fewer operations.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        Not yet built.

    variables : list of keras.Variable
        What it moves.

    pack : bool
        Whether to pack them; they get what comes of it after each step.
    """

    def __init__(self, optimizer, variables, pack):
        self.optimizer = optimizer
        self.variables = variables
        self.vector = None
        if pack:
            self.sizes = [int(np.prod(v.shape)) for v in variables]
            self.vector = keras.Variable(np.zeros(sum(self.sizes)), dtype="float32")
        optimizer.build([self.vector] if pack else variables)

    def pack(self):
        """Write the variables into the vector."""
        if self.vector is not None:
            values = [ops.reshape(v, (-1,)) for v in self.variables]
            self.vector.assign(ops.concatenate(values))

    def apply(self, gradients):
        """Take a step along gradients, of which some may be None."""
        if self.vector is None:
            pairs = zip(gradients, self.variables, strict=True)
            pairs = [(g, v) for g, v in pairs if g is not None]
            if pairs:
                self.optimizer.apply(*zip(*pairs, strict=True))
            return
        flat = [
            ops.zeros(size) if g is None else ops.reshape(g, (size,))
            for g, size in zip(gradients, self.sizes, strict=True)
        ]
        self.optimizer.apply([ops.concatenate(flat)], [self.vector])
        parts = ops.split(self.vector, np.cumsum(self.sizes)[:-1].tolist())
        for v, part in zip(self.variables, parts, strict=True):
            v.assign(ops.reshape(part, v.shape))


class Program:
    """Networks, their optimizers, and the compiled epoch that moves them.

    Parameters
    ----------
    networks : dict of keras.Model
        What is trained, by name.

    optimizers : dict of keras.optimizers.Optimizer
        One for each block, not yet built.

    blocks : callable
        ``blocks(name, network)`` returns a dict of the lists of variables that are to
        have an optimizer of their own, by names of which no other network has any.

    updates : list of Update
        What one step does.

    mode : str
        How to run, as `_engine.choose_mode` returns it.
    """

    def __init__(self, networks, optimizers, blocks, updates, mode):
        self.networks = networks
        self.blocks = {
            name: {b: own for b, own in blocks(name, network).items() if own}
            for name, network in networks.items()
        }
        self.optimizers = {}
        self._movers = []  # each with the updates that it takes part in
        for (packs, _, active), team in self._teams(optimizers, updates, mode).items():
            optimizer = optimizers[team[0]]
            own = {b: v for blocks in self.blocks.values() for b, v in blocks.items()}
            variables = [v for block in team for v in own[block]]
            pack = packs and len(variables) > 1
            self._movers.append((_Mover(optimizer, variables, pack), active))
            self.optimizers |= dict.fromkeys(team, optimizer)
        holders = [*networks.values(), *(m.optimizer for m, _ in self._movers)]
        state = [v for holder in holders for v in holder.variables]
        state += [m.vector for m, _ in self._movers if m.vector is not None]
        self.state = list({id(v): v for v in state}.values())
        self._updates = updates
        self._fresh = [
            (v, np.array(_engine.to_numpy(v.value)))
            for mover, _ in self._movers
            for v in mover.optimizer.variables
        ]
        self.run = _engine.compile_epoch(self._step, self.state, mode, self._begin)

    def _teams(self, optimizers, updates, mode):
        """Return lists of blocks that one optimizer moves, by what tells them apart.

        Blocks share one if it can move them as one vector: if the same updates move
        them, with optimizers of one configuration.
        """
        teams = {}
        for name, by_block in self.blocks.items():
            active = tuple(name in update.on for update in updates)
            for block, own in by_block.items():
                packs = mode in _engine.PACKED_MODES and _packs(optimizers[block], own)
                key = block
                if packs:
                    config = {**optimizers[block].get_config(), "name": None}
                    key = type(optimizers[block]), hashable(config)
                teams.setdefault((packs, key, active), []).append(block)
        return teams

    def _begin(self):
        for mover, _ in self._movers:
            mover.pack()  # callbacks may have changed the weights

    def _step(self, batch):
        """Do one step: every update in turn. Return its logs."""
        logs = {"loss": 0.0}
        for number, update in enumerate(self._updates):
            new = _engine.repeat(
                update.repeat, lambda n=number: self._apply(n, batch), self.state
            )
            logs["loss"] = logs["loss"] + new.pop("loss")
            logs.update(new)
        return logs

    def _apply(self, number, batch):
        update = self._updates[number]
        movers = [mover for mover, active in self._movers if active[number]]
        variables = [v for mover in movers for v in mover.variables]

        def loss():
            notes = {}
            parts = update.loss({**batch, "notes": notes})
            penalties = [
                p for n in update.on if self.blocks[n] for p in self.networks[n].losses
            ]
            total = sum(parts.values()) + sum(penalties)
            return total, {"loss": total, **parts, **notes}

        def apply(gradients):
            gradients = iter(gradients)
            for mover in movers:
                mover.apply([next(gradients) for _ in mover.variables])

        return _engine.minimize(loss, variables, apply, self.state)

    def load(self, networks, learning_rates, rng):
        """Start from the weights of ``networks``, with optimizers as new."""
        for name, network in networks.items():
            if network is not self.networks[name]:
                self.networks[name].set_weights(_engine.weights_of(network))
        for v, value in self._fresh:
            v.assign(value)
        for name, rate in learning_rates.items():
            if rate is not None and name in self.optimizers:
                self.optimizers[name].learning_rate = rate
        reseed(self.networks.values(), rng)

    def store(self, networks):
        """Write the weights back into ``networks``."""
        for name, network in networks.items():
            if network is not self.networks[name]:
                network.set_weights(_engine.weights_of(self.networks[name]))


def take_program(networks, recipes, key, make):
    """Return a program for networks of this structure, kept from before or new.

    ``make(networks)`` makes a new one. Also returns the key under which to keep it,
    None if it is not to be kept. A program is lent to one fit at a time.
    """
    n_parameters = sum(network.count_params() for network in networks.values())
    if None in recipes.values() or n_parameters > _LARGEST:
        return make(networks), None
    policy = keras.config.dtype_policy().name
    key = (key, policy, tuple((name, r.key) for name, r in recipes.items()))
    with _lock:
        program = _kept.pop(key, None)
    if program is None:
        with _engine.seeded(0):
            copies = {name: recipe.make() for name, recipe in recipes.items()}
        program = make(copies)
    return program, key


def give_back(program, key):
    """Keep a program for the next fit like this one."""
    if key is not None:
        _remember(key, program)


def _padded(n):
    """Return ``n`` rounded up by at most an eighth.

    Arrays padded to such sizes let cross-validation folds of 53 and of 54 rows share
    what was compiled.
    """
    unit = 2 ** max(int(n).bit_length() - 4, 0)
    return -(-n // unit) * unit


def _pad(array, n):
    dtype = np.int32 if array.dtype.kind in "iu" and array.ndim == 1 else np.float32
    padded = np.zeros((n, *array.shape[1:]), dtype=dtype)
    padded[: len(array)] = array
    return padded


def _shuffled(rng, rows, n):
    """Return ``n`` of ``rows``: permutations of all of them, one after the other."""
    rounds = np.broadcast_to(rows, (-(-n // len(rows)), len(rows)))
    return rng.permuted(rounds, axis=1).ravel()[:n]


class Feed:
    """Index batches over groups of arrays, on the device at once or in chunks.

    An epoch has as many steps as the largest group needs; a smaller group is gone
    through again, and the last batch is filled up with rows of a next shuffle, so that
    all batches are of one size.

    Parameters
    ----------
    groups : dict of dict of ndarray
        Arrays by group and name. Those of one group are indexed together.

    rows : dict of ndarray
        Which rows of each group are trained on.

    batch_size : int
        Rows per step and group, at most as many as the largest group has.

    budget : int
        Number of bytes above which the arrays are streamed.
    """

    def __init__(self, groups, rows, batch_size, budget):
        self.groups = groups
        self.rows = rows
        largest = max(len(r) for r in rows.values())
        self.batch_size = max(min(batch_size, largest), min(batch_size, 2))
        self.n_steps = -(-largest // self.batch_size)
        item = {
            group: sum(4 * a[:1].size for a in arrays.values())
            for group, arrays in groups.items()
        }
        size = sum(item[g] * len(a) for g, v in groups.items() for a in [_first(v)])
        self.chunk = None
        if size > budget:
            step = self.batch_size * sum(item.values())
            self.chunk = int(np.clip(budget // (2 * step), 1, self.n_steps))
        else:
            self._data = {
                group: {
                    name: _engine.to_device(_pad(a, _padded(len(a))))
                    for name, a in arrays.items()
                }
                for group, arrays in groups.items()
            }

    def epoch(self, rng):
        """Yield ``(data, index, first_step, n_steps)`` for one shuffled epoch."""
        n = self.n_steps * self.batch_size
        rng = np.random.default_rng(rng.randint(2**31))  # it shuffles faster
        index = {group: _shuffled(rng, rows, n) for group, rows in self.rows.items()}
        if self.chunk is None:
            yield (
                self._data,
                self._batches(index, _padded(self.n_steps)),
                0,
                self.n_steps,
            )
            return
        size = self.chunk * self.batch_size
        for first in range(0, self.n_steps, self.chunk):
            part = slice(first * self.batch_size, first * self.batch_size + size)
            data = {
                group: {
                    name: _engine.to_device(_pad(a[index[group][part]], size))
                    for name, a in arrays.items()
                }
                for group, arrays in self.groups.items()
            }
            in_order = {group: np.arange(size) for group in index}
            steps = min(self.chunk, self.n_steps - first)
            yield data, self._batches(in_order, self.chunk), first, steps

    def _batches(self, index, n_steps):
        shape = n_steps, self.batch_size
        batches = {}
        for group, rows in index.items():
            batches[group] = np.zeros(shape, dtype=np.int32)
            batches[group].ravel()[: len(rows)] = rows
        return batches


def _first(arrays):
    return next(iter(arrays.values()))


def outputs_of(networks, recipes, X):
    """Return what a chain of networks computes from ``X``, in batches.

    What is compiled depends on the structure alone and takes the weights as an
    argument.
    """
    function = None
    key = None if None in recipes else ("forward", *(r.key for r in recipes))
    if key is not None:
        key = (*key, keras.config.dtype_policy().name)
        with _lock:
            function = _kept.get(key)
            if function is not None:
                _kept.move_to_end(key)
    if function is None:
        if key is not None and sum(n.count_params() for n in networks) <= _LARGEST:
            with _engine.seeded(0):
                function = forward_of([recipe.make() for recipe in recipes])
            _remember(key, function)
        else:
            function = forward_of(networks)
    return in_batches(function, networks, X)


def in_batches(function, networks, X, batch_size=None):
    """Return what a `forward_of` networks of this structure computes from ``X``.

    Only one batch is on the device at once, by default of about 4 MB.
    """
    values = [v.value for network in networks for v in network.variables]
    size = batch_size
    if size is None:
        row_bytes = 4 * max(X[:1].size, 1)
        size = 2 ** int(np.clip(np.log2(2**22 / row_bytes), 5, 12))
    parts = []
    for start in range(0, len(X), size):
        part = X[start : start + size]
        # Sizes are powers of two, so that few are ever compiled.
        full = min(max(2 ** int(len(part) - 1).bit_length(), 16), size)
        outputs = function(values, _engine.to_device(_pad_rows(part, full)))
        parts.append(_engine.to_numpy(outputs)[: len(part)])
    return np.concatenate(parts)


def _pad_rows(X, n):
    padded = np.zeros((n, *X.shape[1:]), dtype=np.float32)
    padded[: len(X)] = X
    return padded


def forward_of(networks):
    """Compile a function ``(values, x)`` of a chain of networks, for `in_batches`."""
    variables = [v for network in networks for v in network.variables]

    def forward(values, x):
        _engine.COMPILED["forward"] += 1
        with keras.StatelessScope(zip(variables, values, strict=True)):
            for network in networks:
                x = network(x, training=False)
            return ops.cast(x, "float32")

    return _engine.compile_forward(forward)
