# SPDX-License-Identifier: Apache-2.0
from gristmill import duckdb as duckdb
from gristmill import ops as ops
from gristmill import ray as ray
from gristmill import spark as spark
from gristmill import sql as sql
from gristmill.datasets import Dataset as Dataset
from gristmill.datasets import dataset as dataset
from gristmill.operators import Chain as Chain
from gristmill.operators import Operator as Operator
from gristmill.runs import Error as Error
from gristmill.runs import run as run
from gristmill.tokenizers import Tokenizer as Tokenizer

__version__: str
