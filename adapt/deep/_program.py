"""Programs: networks with their optimizers and the compiled epoch that trains them.

Compiling takes longer than training a small network. A program is therefore kept after
a fit, and lent to the next fit of the same structure, which writes its own weights into
it: a grid search over ``lambda_`` or ``learning_rate`` compiles once.
"""

import keras
import numpy as np
from keras import ops

from adapt.deep._engine import (
    PACKED_MODES,
    compile_epoch,
    minimize,
    repeat,
    seeded,
    to_numpy,
    weights_of,
)
from adapt.deep._kept import LARGEST, kept
from adapt.deep._recipes import reseed

__all__ = ["Program", "give_back", "hashable", "take_program"]


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
        Whether to pack them; the networks get the result after each step.
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
        How to run, as `choose_mode` returns it.
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
            (v, np.array(to_numpy(v.value)))
            for mover, _ in self._movers
            for v in mover.optimizer.variables
        ]
        self.run = compile_epoch(self._step, self.state, mode, self._begin)

    def _teams(self, optimizers, updates, mode):
        """Return lists of blocks that one optimizer moves, by what tells them apart.

        Blocks share one if it can move them as one vector: if the same updates move
        them, with optimizers of one configuration.
        """
        teams = {}
        for name, by_block in self.blocks.items():
            active = tuple(name in update.on for update in updates)
            for block, own in by_block.items():
                packs = mode in PACKED_MODES and _packs(optimizers[block], own)
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
            new = repeat(
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

        return minimize(loss, variables, apply, self.state)

    def load(self, networks, learning_rates, rng):
        """Start from the weights of ``networks``, with optimizers as new."""
        for name, network in networks.items():
            if network is not self.networks[name]:
                self.networks[name].set_weights(weights_of(network))
        for v, value in self._fresh:
            v.assign(value)
        self.set_rates(learning_rates)
        reseed(self.networks.values(), rng)

    def set_rates(self, learning_rates):
        """Set the learning rates of blocks, where they are given and move."""
        for name, rate in learning_rates.items():
            if rate is not None and name in self.optimizers:
                self.optimizers[name].learning_rate = rate

    def store(self, networks):
        """Write the weights back into ``networks``."""
        for name, network in networks.items():
            if network is not self.networks[name]:
                network.set_weights(weights_of(self.networks[name]))


def take_program(networks, recipes, key, make):
    """Return a program for networks of this structure, kept from before or new.

    ``make(networks)`` makes a new one. Also returns the key under which to keep it,
    None if it is not to be kept. A program is lent to one fit at a time.
    """
    n_parameters = sum(network.count_params() for network in networks.values())
    if None in recipes.values() or n_parameters > LARGEST:
        return make(networks), None
    policy = keras.config.dtype_policy().name
    key = (key, policy, tuple((name, r.key) for name, r in recipes.items()))
    program = kept.take(key)
    if program is None:
        with seeded(0):
            copies = {name: recipe.make() for name, recipe in recipes.items()}
        program = make(copies)
    return program, key


def give_back(program, key):
    """Keep a program for the next fit like this one."""
    if key is not None:
        kept.put(key, program)
