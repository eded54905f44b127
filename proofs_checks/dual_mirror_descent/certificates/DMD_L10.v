(* dual_mirror_descent/DMD-L10: Prices and unspent budget are nearly complementary. Price times gradient, mu_t .
   g_t, sums up to any n to at most V_h(0, mu_1)/eta + E_n: DMD-L3 at mu = 0. Of every sequence of gradients, eager
   or lazy Euclidean steps of every size, every number of resources: the rule. *)
From Coq Require Import Reals List Lra.
From Certificates Require Import Prices.
Import ListNotations.
Open Scope R_scope.

(* --- definitions and claim --- *)

(* of a resource the first price, the gradients, and the prices *)
Definition resource : Type := (R * list R * list R)%type.

Definition walks (lazy : bool) (step : R) (one : resource) : Prop :=
  let '(first, gradients, prices) := one in 0 <= first /\ walk lazy step first gradients prices.

Definition hypotheses (lazy : bool) (step : R) (resources : list resource) : Prop :=
  0 < step /\ Forall (walks lazy step) resources.

Definition lhs (lazy : bool) (step : R) (resources : list resource) : R :=
  sum (map (fun '(first, gradients, prices) => dot gradients prices) resources).

(* the Bregman divergence over the step, and the local errors *)
Definition rhs (lazy : bool) (step : R) (resources : list resource) : R :=
  sum (map (fun '(first, gradients, prices) => first ^ 2 / 2) resources) / step +
  step * sum (map (fun '(first, gradients, prices) => dot gradients gradients / 2) resources).

Definition claim : Prop := forall lazy step resources,
  hypotheses lazy step resources -> lhs lazy step resources <= rhs lazy step resources.

(* --- proof --- *)

Ltac holds := unfold hypotheses, walks; decided.

Ltac impossible := simpl; lra.

Ltac anchored := split; [holds | split; unfold lhs, rhs; simpl; lra].

(* --- theorem --- *)

Lemma regret_of_0 : forall gradients prices, regret 0 gradients prices = dot gradients prices.
Proof. induction gradients as [|g more IH]; intros [|price rest]; simpl; try reflexivity. rewrite IH. lra. Qed.

Theorem certified : claim.
Proof.
  intros lazy step resources [S F]. unfold lhs, rhs. apply summed; [exact S|].
  eapply Forall_impl; [|exact F]. intros [[first gradients] prices] [P W].
  assert (X := resource_bound lazy step 0 gradients prices first S (Rle_refl 0) P W). rewrite regret_of_0 in X.
  replace (first ^ 2) with ((0 - first) ^ 2) by ring. exact X.
Qed.
