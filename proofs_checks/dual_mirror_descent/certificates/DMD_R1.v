(* dual_mirror_descent/DMD-R1: Without a stop, overspending is a price. After any n requests the costs b_tj of the
   proposals x~_t, implemented or not, exceed n times the rate rho_j of resource j by at most (mu_{n+1,j} -
   mu_1j)/eta, where mu_tj is the price before request t and eta the size of the Euclidean steps. Of every sequence
   of costs, eager or lazy Euclidean steps of every size: the rule. *)
From Coq Require Import Reals List Lra.
From Certificates Require Import Prices.
Import ListNotations.
Open Scope R_scope.

(* --- definitions and claim --- *)

(* prices of one resource move against its rate less the costs of the proposals, implemented or not *)
Definition hypotheses (lazy : bool) (step rate first : R) (costs prices : list R) : Prop :=
  0 < step /\ walk lazy step first (map (fun cost => rate - cost) costs) prices.

(* what the costs exceed the rate by *)
Definition lhs (lazy : bool) (step rate first : R) (costs prices : list R) : R := sum (map (fun cost => cost - rate) costs).

Definition rhs (lazy : bool) (step rate first : R) (costs prices : list R) : R := (last prices 0 - first) / step.

Definition claim : Prop := forall lazy step rate first costs prices,
  hypotheses lazy step rate first costs prices ->
  lhs lazy step rate first costs prices <= rhs lazy step rate first costs prices.

(* --- proof --- *)

Ltac holds := unfold hypotheses; decided.

Ltac impossible := unfold sum; simpl; lra.

Ltac anchored := split; [holds | split; unfold lhs, rhs, sum; simpl; lra].

(* --- theorem --- *)

Theorem certified : claim.
Proof.
  intros lazy step rate first costs prices [S W]. unfold lhs, rhs.
  assert (X := last_price lazy step _ _ _ W).
  assert (Y : sum (map (fun cost => cost - rate) costs) = - sum (map (fun cost => rate - cost) costs)).
  { unfold sum. induction costs as [|cost rest IH] in |- *; simpl; [lra|]. rewrite IH. lra. }
  rewrite Y. apply Rmult_le_reg_l with step; [exact S|].
  replace (step * ((last prices 0 - first) / step)) with (last prices 0 - first) by (field; lra). lra.
Qed.
