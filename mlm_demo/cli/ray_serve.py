"""The models as replicas of Ray Serve, as many as there is load: `serve run mlm_demo.cli.ray_serve:models`.

Ray Serve spreads the questions over the replicas and starts more of them while each has more than a few at once. Within
a replica, questions that wait at the same time share a pass, as on a page.
"""

from ray import serve

from mlm_demo.cli.answer import warm_application
from mlm_demo.settings import Settings

AT_ONCE = 4  # questions in one replica before another is started


@serve.deployment(
    max_ongoing_requests=64,
    autoscaling_config={
        "min_replicas": 1,
        "max_replicas": Settings.from_environment().replicas,
        "target_ongoing_requests": AT_ONCE,
    },
)
@serve.ingress(lambda: warm_application(Settings.from_environment()))
class Models:
    """A replica."""


models = Models.bind()
