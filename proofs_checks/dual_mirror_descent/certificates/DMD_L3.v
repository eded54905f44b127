(* dual_mirror_descent/DMD-L3: Mirror descent keeps its regret bound on every path. For all n and mu in the domain,
   the sum over t <= n of gradient g_t times price gap mu_t - mu is at most the Bregman divergence V_h(mu, mu_1)
   over the step eta plus E_n, local errors of eta |g_t|^2/2 for Euclidean h. Of every sequence of gradients, eager
   or lazy Euclidean steps of every size, every number of resources: the rule. *)
From Coq Require Import Reals List Lra.
From Certificates Require Import Prices.
Import ListNotations.
Open Scope R_scope.

(* --- definitions and claim --- *)

(* of a resource the first price, the gradients, the prices, and the one that they are compared with *)
Definition resource : Type := (R * list R * list R * R)%type.

Definition walks (lazy : bool) (step : R) (one : resource) : Prop :=
  let '(first, gradients, prices, stay) := one in 0 <= first /\ 0 <= stay /\ walk lazy step first gradients prices.

Definition hypotheses (lazy : bool) (step : R) (resources : list resource) : Prop :=
  0 < step /\ Forall (walks lazy step) resources.

Definition lhs (lazy : bool) (step : R) (resources : list resource) : R :=
  sum (map (fun '(first, gradients, prices, stay) => regret stay gradients prices) resources).

(* the Bregman divergence over the step, and the local errors *)
Definition rhs (lazy : bool) (step : R) (resources : list resource) : R :=
  sum (map (fun '(first, gradients, prices, stay) => (stay - first) ^ 2 / 2) resources) / step +
  step * sum (map (fun '(first, gradients, prices, stay) => dot gradients gradients / 2) resources).

Definition claim : Prop := forall lazy step resources,
  hypotheses lazy step resources -> lhs lazy step resources <= rhs lazy step resources.

(* --- proof --- *)

Ltac holds := unfold hypotheses, walks; decided.

Ltac impossible := simpl; lra.

Ltac anchored := split; [holds | split; unfold lhs, rhs; simpl; lra].

(* --- theorem --- *)

Theorem certified : claim.
Proof.
  intros lazy step resources [S F]. unfold lhs, rhs. apply summed; [exact S|].
  eapply Forall_impl; [|exact F]. intros [[[first gradients] prices] stay] [P [Q W]]. now apply (resource_bound lazy).
Qed.
