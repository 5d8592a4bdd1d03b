"""Parameter routing and loss names from SciKeras, without importing the package.

An import of ``scikeras`` changes how every model, loss, metric and optimizer of Keras is
copied and pickled in the whole process. So this module loads only the two modules that it
needs, separately. Seen in SciKeras 0.13.
"""

from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from types import ModuleType


def _read(name: str) -> ModuleType:
    """Run one module of SciKeras without running the package."""
    # This finds the package, but does not run it.
    package = find_spec("scikeras")
    places = package and package.submodule_search_locations
    spec = places and PathFinder.find_spec(f"scikeras.{name}", list(places))
    if not spec or spec.loader is None:
        raise ImportError(
            f"scikeras.{name}, which routes parameters such as optimizer__clipnorm, is "
            "missing. Install scikeras 0.13."
        )
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_utils = _read("_utils")
accepts_kwargs = _utils.accepts_kwargs
has_param = _utils.has_param
route_params = _utils.route_params
try_to_convert_strings_to_classes = _utils.try_to_convert_strings_to_classes
unflatten_params = _utils.unflatten_params
loss_name = _read("utils").loss_name
