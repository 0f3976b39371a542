"""
Signers left out
================

A number says something of new people only if the people it was measured on were not in
the training. Here is what happens when they are, and what to look at when they are not.
"""

# %%
# The same model, two ways to split. With plain ``KFold``, clips of one person lie on
# both sides.

from sklearn.model_selection import KFold, LeaveOneGroupOut, cross_val_score

from liftz import FrameRidge, make_lifter, region_scorers
from liftz.datasets import make_signing
from liftz.evaluation import predict_unseen, standard_models
from liftz.plots import plot_keypoint_errors, plot_signer_errors
from liftz.report import write_report
from liftz.tables import error_table

data = make_signing(n_signers=4, n_clips=6, n_frames=(50, 70), random_state=0)
scoring = region_scorers(data.skeleton)["all"]
ridge = make_lifter(data.skeleton, FrameRidge())
by_clip = cross_val_score(ridge, data.X, data.y, scoring=scoring,
                          cv=KFold(4, shuffle=True, random_state=0))
by_signer = cross_val_score(ridge, data.X, data.y, scoring=scoring,
                            cv=LeaveOneGroupOut(), groups=data.groups)
print(f"clips at random: {-by_clip.mean():.2f} {data.units}")
print(f"signers left out: {-by_signer.mean():.2f} {data.units}")

# %%
# The first figure is too good: it is for people whom the model knows. So, each signer
# by models that were fitted on all the others, and the baselines beside the lifter.

models = standard_models(data.skeleton, n_nets=1, max_epochs=25, batch_size=8,
                         random_state=0)
depths = predict_unseen(models, data.X, data.y, data.groups)
table = error_table(data.y, depths, data.groups, data.skeleton, reference="mean pose",
                    keypoints=True)
print("\n".join(str(table).splitlines()[:21]))  # the whole and the regions

# %%
# The mean over signers hides the one for whom it fails. A box holds the middle half
# of a signer's clips, a dot is the signer's figure in the table.

_ = plot_signer_errors(data.y, depths, data.groups, data.skeleton, units=data.units)

# %%
# Which keypoints are hard? Wrists and finger tips, as they move most.

errors = {row.part: row.mean for row in table.rows if row.model == "lifter"}
_ = plot_keypoint_errors(errors, data.skeleton, data.X, units=data.units)

# %%
# All of it on one page, with the best, the median and the worst clip to turn and
# play: a file to open in a browser, or to send. ``liftz evaluate --report
# report.html`` writes the same.

write_report("report.html", data, depths, reference="mean pose")
