#!/usr/bin/env python3
"""Writes tests/features/golden/: data sets and what umap-learn, hdbscan and scikit-learn make of
them.

Run from the repository root; needs numpy, scikit-learn, hdbscan and umap-learn:
    python3 tests/features/export_golden.py
Made with numpy 2.4.6, scikit-learn 1.9.1, hdbscan 0.8.44, umap-learn 0.5.12.

NAME.data.txt: "N D scale", then N rows of D integers; a value is its integer / scale (exact in
float32). NAME.golden.txt: one "key count value ..." per line.
"""
import os
import sys
import warnings

import hdbscan
import numpy as np
import umap
from hdbscan import _hdbscan_linkage as linkage
from hdbscan import _hdbscan_tree as tree
from sklearn.cluster import DBSCAN, KMeans
from sklearn.datasets import make_blobs, make_moons, make_swiss_roll
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness
from sklearn.metrics import adjusted_rand_score, pairwise_distances, silhouette_samples
from sklearn.neighbors import NearestNeighbors

FOLDER = os.path.join("tests", "features", "golden")
METRICS = ["euclidean", "cosine"]
UMAP_SEEDS = [1, 2, 3, 4]


def blobs():
    x, truth = make_blobs(200, 8, centers=5, cluster_std=[0.6, 0.9, 1.2, 1.5, 0.4],
                          center_box=(-6, 6), random_state=3)
    noise = np.random.default_rng(3).uniform(-9, 9, (20, 8))
    return np.vstack([x, noise]), np.hstack([truth, np.full(20, 5)])


def moons():
    return make_moons(240, noise=0.06, random_state=5)


def sparse():
    """Rows like features over prompts: a group fires on its own prompts, rarely elsewhere."""
    random = np.random.default_rng(7)
    n, d, groups = 240, 160, 12
    truth = np.arange(n) % (groups + 2)
    x = np.zeros((n, d))
    for i in range(n):
        x[i] = random.exponential(0.5, d) * (random.random(d) < 0.03)
        if truth[i] < groups:
            own = np.arange(truth[i] * 13, truth[i] * 13 + 13)
            x[i, own] += random.exponential(1.0, 13) * (random.random(13) < 0.8) + 0.2
        else:
            x[i, random.integers(0, d, 6)] += random.exponential(1.0, 6) + 0.1
    return x, truth


def duplicates():
    random = np.random.default_rng(11)
    places = random.normal(0, 4, (8, 3))
    counts = [12, 9, 7, 5, 3, 2, 1, 1]
    x = [np.repeat(places[i:i + 1], counts[i], 0) for i in range(8)]
    x.append(random.normal(0, 4, (20, 3)))
    return np.vstack(x), np.hstack([np.repeat(np.arange(8), counts), np.full(20, 8)])


def ties():
    a = np.array([(i, j) for i in range(10) for j in range(10)], float)
    b = np.array([(i, j) for i in range(6) for j in range(6)], float) * 2 + (30, 5)
    c = np.array([(i, 0) for i in range(9)], float) + (0, 40)
    return np.vstack([a, b, c]), np.repeat([0, 1, 2], [100, 36, 9])


def swiss():
    x, along = make_swiss_roll(400, noise=0.3, random_state=2)
    return x, np.floor(along)


def islands():
    return make_blobs(240, 10, centers=12, cluster_std=0.5, center_box=(-20, 20), random_state=4)


def put(out, key, values, digits=None):
    values = np.atleast_1d(np.asarray(values, float)).ravel()
    shown = " ".join(f"{v:.{digits or 9}g}" for v in values)
    out.write(f"{key} {values.size} {shown}\n")


def hdbscan_stable(x, metric, size, samples, epsilon, method, single):
    """The package's own steps; only its sort of the tree's edges is made stable: mutual
    reachability makes equal edges common, and numpy's default sort leaves their order to the
    processor."""
    samples = max(1, min(len(x) - 1, samples))
    if metric == "euclidean":
        core = NearestNeighbors(n_neighbors=samples + 1, algorithm="kd_tree").fit(x)
        core = np.ascontiguousarray(core.kneighbors(x)[0][:, -1])
        measure = hdbscan.dist_metrics.DistanceMetric.get_metric(metric)
        mst = linkage.mst_linkage_core_vector(np.ascontiguousarray(x), core, measure)
    else:
        reach = hdbscan._hdbscan_reachability.mutual_reachability(
            pairwise_distances(x, metric=metric), samples)
        mst = linkage.mst_linkage_core(reach)
    mst = mst[np.argsort(mst.T[2], kind="stable"), :]
    labels, probabilities, _, condensed, _ = hdbscan.hdbscan_._tree_to_labels(
        x, linkage.label(mst), size, method, single, cluster_selection_epsilon=float(epsilon))
    return labels, probabilities, tree.outlier_scores(condensed)


def same_partition(a, b):
    return adjusted_rand_score(a, b) == 1.0 and np.array_equal(a == -1, b == -1)


def export_hdbscan(out, name, x, runs):
    for i, (metric, size, samples, epsilon, method, single) in enumerate(runs):
        labels, probabilities, outliers = hdbscan_stable(x, metric, size, samples, epsilon, method,
                                                         single)
        package = hdbscan.HDBSCAN(min_cluster_size=size, min_samples=samples, metric=metric,
                                  cluster_selection_epsilon=float(epsilon),
                                  cluster_selection_method=method, allow_single_cluster=single,
                                  algorithm="prims_kdtree" if metric == "euclidean" else "generic")
        agree = same_partition(package.fit(x).labels_, labels)
        print(f"{name} hdbscan {i}: {labels.max() + 1} clusters, {np.mean(labels < 0):.2f} noise,"
              f" the package itself {'agrees' if agree else 'breaks ties otherwise'}")
        put(out, f"hdbscan.{i}.options", [METRICS.index(metric), size, samples, epsilon,
                                          method == "leaf", single])
        put(out, f"hdbscan.{i}.labels", labels)
        put(out, f"hdbscan.{i}.probabilities", probabilities, 7)
        put(out, f"hdbscan.{i}.outliers", outliers, 7)


def export_dbscan(out, name, x, metric):
    runs = []
    distance = np.sort(pairwise_distances(x, metric=metric), 1)
    for samples in (1, 4, 8):
        for quantile in (0.2, 0.5, 0.8):
            eps = float(f"{np.quantile(distance[:, samples], quantile):.4g}") or 0.5
            runs.append((samples, eps if name != "ties" else round(eps)))
    for i, (samples, eps) in enumerate(runs):
        labels = DBSCAN(eps=eps, min_samples=samples, metric=metric,
                        algorithm="kd_tree" if metric == "euclidean" else "brute").fit(x).labels_
        put(out, f"dbscan.{metric}.{i}.options", [METRICS.index(metric), eps, samples])
        put(out, f"dbscan.{metric}.{i}.labels", labels)


def export_kmeans(out, x, counts):
    for i, k in enumerate(counts):
        start = np.random.default_rng(i).choice(len(np.unique(x, axis=0)), k, replace=False)
        start = np.unique(x, axis=0, return_index=True)[1][start]
        if i == 2:
            start[1] = start[0]  # two equal centres: one starts empty and is moved
        fit = KMeans(k, init=x[start], n_init=1, algorithm="lloyd").fit(x)
        put(out, f"kmeans.{i}.start", start)
        put(out, f"kmeans.{i}.labels", fit.labels_)
        put(out, f"kmeans.{i}.inertia", fit.inertia_, 12)
        put(out, f"kmeans.{i}.iterations", fit.n_iter_)


def export_pca(out, x, n):
    fit = PCA(n, svd_solver="full").fit(x)
    put(out, "pca.components", fit.components_)
    put(out, "pca.variance", fit.explained_variance_)
    put(out, "pca.share", fit.explained_variance_ratio_)
    put(out, "pca.scores", fit.transform(x), 7)


def export_quality(out, x, truth):
    labels = KMeans(4, n_init=1, random_state=0).fit(x).labels_.astype(int)
    labels[::9] = -1
    kept = labels >= 0
    put(out, "quality.labels", labels)
    flat = x[:, :2]
    for metric in METRICS:
        samples = silhouette_samples(x[kept], labels[kept], metric=metric)
        put(out, f"quality.silhouette.{metric}", samples, 7)
        for k in (5, 15):
            put(out, f"quality.trustworthiness.{metric}.{k}",
                trustworthiness(x, flat, n_neighbors=k, metric=metric))
    put(out, "quality.truth", truth)
    put(out, "quality.adjusted_rand", adjusted_rand_score(truth, labels))


def overlap(x, y, metric, k):
    near = lambda z, m: NearestNeighbors(n_neighbors=k, metric=m).fit(z).kneighbors(
        return_distance=False)
    pairs = zip(near(x, metric), near(y, "euclidean"))
    return np.mean([len(set(a) & set(b)) / k for a, b in pairs])


def export_umap(out, name, x, runs):
    for i, (metric, neighbours, min_dist, n_components) in enumerate(runs):
        trust, shared = [], []
        for seed in UMAP_SEEDS:
            y = umap.UMAP(n_neighbors=neighbours, min_dist=min_dist, metric=metric,
                          n_components=n_components, random_state=seed, n_jobs=1).fit_transform(x)
            trust.append(trustworthiness(x, y, n_neighbors=10, metric=metric))
            shared.append(overlap(x, y, metric, 10))
        print(f"{name} umap {metric}: trustworthiness {np.mean(trust):.4f} +- {np.std(trust):.4f},"
              f" overlap {np.mean(shared):.4f} +- {np.std(shared):.4f}")
        put(out, f"umap.{i}.options", [METRICS.index(metric), neighbours, min_dist, n_components])
        put(out, f"umap.{i}.trustworthiness", trust, 6)
        put(out, f"umap.{i}.overlap", shared, 6)


def export_umap_parts(x):
    with open(os.path.join(FOLDER, "umap_parts.golden.txt"), "w") as out:
        fits = [(m, s) for m in (0.0, 0.1, 0.25, 0.5, 0.9) for s in (1.0, 2.0)]
        put(out, "curve", [[m, s, *umap.umap_.find_ab_params(s, m)] for m, s in fits])
        distance, index = NearestNeighbors(n_neighbors=10).fit(x).kneighbors(x)
        graph, sigma, rho = umap.umap_.fuzzy_simplicial_set(
            x, 10, np.random.RandomState(0), "euclidean", knn_indices=index,
            knn_dists=distance.astype(np.float32))[:3]
        put(out, "sigma", sigma, 7)
        put(out, "rho", rho, 7)
        put(out, "graph.entries", graph.nnz)
        put(out, "graph.row_sums", np.asarray(graph.sum(1)).ravel(), 7)


SETS = {
    "blobs": dict(make=blobs, umap=[("euclidean", 15, 0.1, 2), ("euclidean", 10, 0.0, 5)],
                  kmeans=[5, 3, 7], pca=3, dbscan=METRICS,
                  hdbscan=[("euclidean", 5, 5, 0, "eom", False),
                           ("euclidean", 10, 3, 0, "eom", False),
                           ("euclidean", 5, 2, 0, "leaf", False),
                           ("euclidean", 5, 5, 3.0, "eom", False),
                           ("euclidean", 4, 1, 2.5, "leaf", True),
                           ("euclidean", 80, 5, 0, "eom", True),
                           ("cosine", 6, 4, 0, "eom", False)]),
    "moons": dict(make=moons, umap=[("euclidean", 15, 0.1, 2)], kmeans=[2, 4, 6], pca=2,
                  dbscan=["euclidean"],
                  hdbscan=[("euclidean", 10, 5, 0, "eom", False),
                           ("euclidean", 5, 1, 0, "eom", False),
                           ("euclidean", 5, 3, 0, "leaf", False),
                           ("euclidean", 3, 2, 0.12, "eom", False),
                           ("euclidean", 5, 3, 0.1, "leaf", True),
                           ("euclidean", 150, 5, 0, "eom", False),
                           ("euclidean", 130, 5, 0.15, "eom", True)]),
    "sparse": dict(make=sparse, umap=[("cosine", 15, 0.1, 2), ("cosine", 30, 0.0, 5),
                                      ("euclidean", 15, 0.1, 2)],
                   kmeans=[12, 5, 8], pca=4, dbscan=METRICS,
                   hdbscan=[("cosine", 5, 5, 0, "eom", False),
                            ("cosine", 5, 2, 0, "leaf", False),
                            ("euclidean", 5, 1, 0, "eom", False),
                            ("cosine", 5, 3, 0.5, "eom", False)]),
    "duplicates": dict(make=duplicates, umap=[("euclidean", 8, 0.1, 2)], kmeans=[3, 6, 9], pca=2,
                       dbscan=["euclidean"],
                       hdbscan=[("euclidean", 5, 5, 0, "eom", False),
                                ("euclidean", 3, 2, 0, "eom", False),
                                ("euclidean", 4, 3, 0, "leaf", False),
                                ("euclidean", 4, 2, 1.5, "eom", True)]),
    "ties": dict(make=ties, umap=[("euclidean", 12, 0.1, 2)], kmeans=[3, 6, 9], pca=2,
                 dbscan=["euclidean"],
                 hdbscan=[("euclidean", 5, 3, 0, "eom", False),
                          ("euclidean", 5, 5, 0, "leaf", False),
                          ("euclidean", 9, 2, 0, "eom", True),
                          ("euclidean", 4, 4, 3.0, "eom", False)]),
    "swiss": dict(make=swiss, umap=[("euclidean", 15, 0.1, 2), ("euclidean", 40, 0.3, 2)],
                  kmeans=[], pca=3, dbscan=[], hdbscan=[("euclidean", 8, 4, 0, "eom", False)]),
    "islands": dict(make=islands, umap=[("euclidean", 10, 0.1, 2), ("euclidean", 10, 0.1, 4)],
                    kmeans=[], pca=2, dbscan=[], hdbscan=[("euclidean", 5, 5, 0, "eom", False)]),
}


def main():
    warnings.filterwarnings("ignore")
    os.makedirs(FOLDER, exist_ok=True)
    for name, spec in SETS.items():
        x, truth = spec["make"]()
        scale = {"ties": 1, "islands": 1024, "sparse": 4096}.get(name, 65536)
        whole = np.rint(x * scale).astype(int)
        x = whole / scale
        assert np.array_equal(x, x.astype(np.float32))
        with open(os.path.join(FOLDER, f"{name}.data.txt"), "w") as out:
            out.write(f"{x.shape[0]} {x.shape[1]} {scale}\n")
            out.writelines(" ".join(map(str, row)) + "\n" for row in whole)
        with open(os.path.join(FOLDER, f"{name}.golden.txt"), "w") as out:
            export_hdbscan(out, name, x, spec["hdbscan"])
            for metric in spec["dbscan"]:
                export_dbscan(out, name, x, metric)
            export_kmeans(out, x, spec["kmeans"])
            export_pca(out, x, spec["pca"])
            export_quality(out, x, truth)
            export_umap(out, name, x, spec["umap"])
        if name == "moons":
            export_umap_parts(x)


if __name__ == "__main__":
    sys.exit(main())
